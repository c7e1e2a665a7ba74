import type { ColumnType, Generated, Kysely, SelectQueryBuilder } from 'kysely'

/** The baseline's view of the table; pg gives a bigint as text and a timestamp as a Date. */
export interface BaselineTables {
  readonly js_result: {
    readonly id: Generated<string>
    readonly js_worker_id: ColumnType<string | null, number | null>
    readonly js_worker_name: string
    readonly run_type: string
    readonly start_time: Date | null
    readonly finish_time: Date | null
    readonly param: ColumnType<unknown, string | null>
    readonly result: ColumnType<unknown, string | null>
    readonly error_message: string | null
  }
}

export type Condition =
  | 'last'
  | 'is_success'
  | 'is_failure'
  | 'is_running'
  | { readonly id: number }
  | { readonly js_worker_id: number }
  | { readonly js_worker_name: string }
  | { readonly run_type: string }
  | { readonly start_time_from: number }
  | { readonly start_time_to: number }
  | { readonly limit: number }

export interface WireRow {
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

export type WireAppend = Omit<WireRow, 'id'>

type Rows = SelectQueryBuilder<BaselineTables, 'js_result', object>

export async function queryRows(
  db: Kysely<BaselineTables>,
  conditions: readonly Condition[],
): Promise<WireRow[]> {
  const found = conditions.reduce<Rows>(addWhere, db.selectFrom('js_result'))
  const rows = await found
    .selectAll()
    .orderBy('start_time', order => order.desc().nullsLast())
    .orderBy('id', 'desc')
    .limit(limitOf(conditions))
    .execute()
  return rows.map(row => ({
    id: Number(row.id),
    js_worker_id: row.js_worker_id === null ? null : Number(row.js_worker_id),
    js_worker_name: row.js_worker_name,
    run_type: row.run_type,
    start_time: row.start_time?.getTime() ?? null,
    finish_time: row.finish_time?.getTime() ?? null,
    param: row.param,
    result: row.result,
    error_message: row.error_message,
  }))
}

function addWhere(rows: Rows, condition: Condition): Rows {
  if (condition === 'is_failure') return rows.where('error_message', 'is not', null)
  if (condition === 'is_running') return rows.where('result', 'is', null).where('error_message', 'is', null)
  if (condition === 'is_success') {
    return rows.where('result', 'is not', null).where('error_message', 'is', null)
  }
  if (condition === 'last' || 'limit' in condition) return rows
  if ('id' in condition) return rows.where('id', '=', String(condition.id))
  if ('js_worker_id' in condition) return rows.where('js_worker_id', '=', String(condition.js_worker_id))
  if ('js_worker_name' in condition) return rows.where('js_worker_name', '=', condition.js_worker_name)
  if ('run_type' in condition) return rows.where('run_type', '=', condition.run_type)
  if ('start_time_from' in condition) {
    return rows.where('start_time', '>=', new Date(condition.start_time_from))
  }
  return rows.where('start_time', '<=', new Date(condition.start_time_to))
}

function limitOf(conditions: readonly Condition[]): number {
  if (conditions.includes('last')) return 1
  const limit = conditions.find(condition => typeof condition === 'object' && 'limit' in condition)
  return typeof limit === 'object' && 'limit' in limit ? limit.limit : 1000
}

export async function insertRows(db: Kysely<BaselineTables>, rows: readonly WireAppend[]): Promise<number[]> {
  const values = rows.map(row => ({
    ...row,
    start_time: dateOf(row.start_time),
    finish_time: dateOf(row.finish_time),
    param: jsonOf(row.param),
    result: jsonOf(row.result),
  }))
  const inserted = await db.insertInto('js_result').values(values).returning('id').execute()
  return inserted.map(row => Number(row.id))
}

function dateOf(epochMs: number | null): Date | null {
  return epochMs === null ? null : new Date(epochMs)
}

function jsonOf(value: unknown): string | null {
  return value === null ? null : JSON.stringify(value)
}
