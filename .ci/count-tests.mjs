// Prints "passed failed skipped" of a vitest JSON report. Exits 1 when it holds no test.
import { readFileSync } from 'node:fs'

const report = JSON.parse(readFileSync(process.argv[2], 'utf8'))
if (report.numTotalTests === 0) process.exit(1)
// A file that could not even be loaded has no tests to fail.
const broken = report.testResults.filter(
  file => file.status === 'failed' && file.assertionResults.length === 0,
)
const skipped = report.numPendingTests + report.numTodoTests
process.stdout.write(`${report.numPassedTests} ${report.numFailedTests + broken.length} ${skipped}\n`)
