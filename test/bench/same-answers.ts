import { deepStrictEqual } from 'node:assert'
import { callMethod } from './rpc.ts'
import { workerName } from './sample-row.ts'
import type { Bench } from './scenario.ts'

/** All servers must give the same rows, or their speed says nothing. Throws AssertionError. */
export async function requireSameAnswers(bench: Bench): Promise<void> {
  const { workers } = bench
  for (const worker of new Set([0, Math.floor(workers / 2), workers - 1])) {
    for (const limit of [10, 1000]) {
      const { daybook, baseline, bare } = await askAll(bench, workerName(worker), limit)
      deepStrictEqual(daybook, baseline)
      deepStrictEqual(daybook, bare)
      deepStrictEqual(Array.isArray(daybook) && daybook.length, limit)
    }
  }
}

async function askAll(bench: Bench, name: string, limit: number) {
  const { credentials } = bench
  const query = { condition: [{ js_worker_name: name }, { limit }] }
  const [daybook, baseline, bare] = await Promise.all([
    callMethod(bench.daybook.url, 'js-result_query', { token: credentials.token, query }),
    callMethod(bench.baseline.url, 'js-result_query', { token: credentials.baselineJwt, query }),
    callMethod(bench.bare.url, 'js-result_query', { query }),
  ])
  return { daybook, baseline, bare }
}
