import type { NewJsResultRow } from '../../src/client/client.ts'

const minute = 60_000
const runTypes = ['call', 'cron', 'inline_call', 'call'] as const

/**
 * A few hundred runs of three workers in the hours before `now`: one in three of
 * demo_worker failed, one in four was an inline_call, and the newest three of each worker still run.
 */
export function demoRuns(now: number): readonly NewJsResultRow[] {
  return [
    ...runsOf({ name: 'demo_worker', id: 10, count: 240, now }),
    ...runsOf({ name: 'report_worker', id: 11, count: 60, now }),
    ...runsOf({ name: 'sync_worker', id: 12, count: 60, now }),
  ]
}

interface Worker {
  readonly name: string
  readonly id: number
  readonly count: number
  readonly now: number
}

function runsOf({ name, id, count, now }: Worker): readonly NewJsResultRow[] {
  return Array.from({ length: count }, (_, i) => {
    const start = now - (count - i) * minute
    const run = {
      js_worker_id: id,
      js_worker_name: name,
      run_type: runTypes[i % runTypes.length] ?? 'call',
      start_time: start,
      param: { hello: 'world', run: i },
    }
    if (i >= count - 3) return run
    const finished = { ...run, finish_time: start + 123 + (i % 7) * 40 }
    return i % 3 === 0
      ? { ...finished, error_message: `TypeError: cannot read item ${i}` }
      : { ...finished, result: { ok: true, items: i } }
  })
}
