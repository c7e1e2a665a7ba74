import process from 'node:process'
import { prepareFolder } from './database/prepare-folder.ts'
import { describeSize, prepareConsole } from './prepare-console.ts'

const say = (line: string): unknown => process.stderr.write(`daybook: ${line}\n`)

// What the first start of the embedded engine begins with. It can do without: then it takes some seconds more.
try {
  await prepareFolder()
} catch (error) {
  say(`the first start will take some seconds more: ${error}`)
}

// Without the development packages there is nothing to build it with; the server says so at /console/.
try {
  say(describeSize(await prepareConsole()))
} catch (error) {
  say(`the console was not built: ${error instanceof Error ? error.message : error}`)
}
