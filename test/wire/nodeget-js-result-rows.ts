/** A js-result as it is asked for: the nine members of NodeGet’s js-result. */
export interface JsResult {
  readonly id: number
  readonly js_worker_id: number | null
  readonly js_worker_name: string
  readonly run_type: string
  readonly start_time: number | null
  readonly finish_time: number | null
  readonly param: unknown
  readonly result: unknown
  readonly error_message: string | null
}

export type NewJsResult = Omit<JsResult, 'id'>

/** The members in the order in which NodeGet documents them. */
export const memberOrder = [
  'id',
  'js_worker_id',
  'js_worker_name',
  'run_type',
  'start_time',
  'finish_time',
  'param',
  'result',
  'error_message',
]

const start = 1775000000000

/** The very record of NodeGet’s documentation. */
export const documentedRow: NewJsResult = {
  js_worker_id: 10,
  js_worker_name: 'demo_worker',
  run_type: 'call',
  start_time: start,
  finish_time: start + 123,
  param: { hello: 'world' },
  result: { ok: true },
  error_message: null,
}

function many(count: number, make: (i: number) => Partial<NewJsResult>): NewJsResult[] {
  return Array.from({ length: count }, (_, i) => ({ ...documentedRow, ...make(i) }))
}

/**
 * What an operator's workers left: more failures and inline calls than the documented limits, ties, a run without a
 * start, and other workers' newer runs.
 */
export const recorded: readonly NewJsResult[] = [
  ...many(53, i => ({ start_time: start - 1000 + i, result: null, error_message: `failed ${i}` })),
  ...many(24, i => ({ start_time: start - 500 - (i >> 1), run_type: 'inline_call', param: null })),
  ...many(2, i => ({ start_time: start - 10 + i, finish_time: null, result: null })),
  ...many(1, () => ({ start_time: null, finish_time: null, result: null, js_worker_id: null })),
  documentedRow,
  ...many(3, i => ({ js_worker_name: `demo_worker_${i}`, run_type: 'inline_call', start_time: start + i })),
  ...many(3, i => ({ js_worker_name: 'other', start_time: start + i, result: null, error_message: 'x' })),
  ...many(3, i => ({ js_worker_name: 'other', start_time: start + i, result: null, finish_time: null })),
]

/** Newest first: start_time desc nulls last, id desc. */
export function newestFirst(rows: readonly JsResult[]): JsResult[] {
  const time = ({ start_time }: JsResult): number => start_time ?? Number.NEGATIVE_INFINITY
  return rows.toSorted((a, b) => (time(a) === time(b) ? b.id - a.id : time(b) - time(a)))
}
