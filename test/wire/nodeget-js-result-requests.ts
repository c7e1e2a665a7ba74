import type { JsResult } from './nodeget-js-result-rows.ts'

/** A request as NodeGet documents it; only the credential is put in by the test. */
export interface Documented {
  readonly title: string
  readonly method: string
  readonly id: number
  readonly condition: readonly unknown[]
  /** Which of demo_worker's rows (newest first) it finds or deletes. */
  readonly takes: (rows: readonly JsResult[]) => readonly JsResult[]
}

export const ofDemoWorker = { js_worker_name: 'demo_worker' }

export const documentedQueries: readonly Documented[] = [
  {
    title: 'the newest ten of a worker',
    method: 'js-result_query',
    id: 1,
    condition: [ofDemoWorker, { limit: 10 }],
    takes: rows => rows.slice(0, 10),
  },
  {
    title: 'what is running',
    method: 'js-result_query',
    id: 2,
    condition: [ofDemoWorker, 'is_running'],
    takes: rows => rows.filter(row => row.result === null && row.error_message === null),
  },
  {
    title: 'the last record',
    method: 'js-result_query',
    id: 3,
    condition: [ofDemoWorker, 'last'],
    takes: rows => rows.slice(0, 1),
  },
  {
    title: 'twenty of a run type',
    method: 'js-result_query',
    id: 4,
    condition: [ofDemoWorker, { run_type: 'inline_call' }, { limit: 20 }],
    takes: rows => rows.filter(row => row.run_type === 'inline_call').slice(0, 20),
  },
]

export const documentedDeletes: readonly Documented[] = [
  {
    title: 'the last record',
    method: 'js-result_delete',
    id: 1,
    condition: [ofDemoWorker, 'last'],
    takes: rows => rows.slice(0, 1),
  },
  {
    title: 'the newest fifty failures',
    method: 'js-result_delete',
    id: 2,
    condition: [ofDemoWorker, 'is_failure', { limit: 50 }],
    takes: rows => rows.filter(row => row.error_message !== null).slice(0, 50),
  },
  {
    title: 'twenty of a run type',
    method: 'js-result_delete',
    id: 3,
    condition: [ofDemoWorker, { run_type: 'inline_call' }, { limit: 20 }],
    takes: rows => rows.filter(row => row.run_type === 'inline_call').slice(0, 20),
  },
]
