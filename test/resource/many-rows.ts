import { sql } from 'kysely'
import type { Database } from '../../src/database/database.ts'

export const manyRows = 200_000
export const manyNames = 10_000

const day = 86_400_000

/** The times of the rows: the hundred days before `newest`, epoch milliseconds. */
export const newest = 1_775_000_000_000
export const oldest = newest - 100 * day
export const someMoment = newest - 50 * day

// A different moment for each row, in no order.
const moment = sql`to_timestamp((${newest}::float8 - (n * 48271::bigint % 8640000) * 1000) / 1000)`
const duration = sql`make_interval(secs => (n % 997) * (n % 991) / 1000.0)`
const numbers = sql`generate_series(1, ${manyRows}::int) as n`
// Strides that have no factor in common with the number of names, so that each has as many rows.
const nameNumber = sql`lpad((n * 7919::bigint % ${manyNames}::int)::text, 5, '0')`
const isRunning = sql`n % 100 = 2`
const isFailure = sql`n % 33 = 3`
const result = sql`case when ${isRunning} or ${isFailure} then null else jsonb_build_object('m', n % 3001) end`
const error = sql`case when ${isFailure} then 'error ' || md5(n::text) end`

/** Fills js_result: workers `w00000` to `w09999`, in every state, 2 % without a start time. */
export async function loadJsResults({ kysely }: Database): Promise<void> {
  await sql`insert into js_result (
      js_worker_id, js_worker_name, run_type, start_time, finish_time, param, result, error_message
    ) select
      n % ${manyNames}::int,
      'w' || ${nameNumber},
      case when n % 3 = 0 then 'rt' || n % 100 else 'call' end,
      case when n % 50 = 1 then null else ${moment} end,
      case when ${isRunning} then null else ${moment} + ${duration} end,
      jsonb_build_object('n', n % 5000), ${result}, ${error}
    from ${numbers}`.execute(kysely)
  await sql`vacuum analyze js_result`.execute(kysely)
}

/** Fills event_log: handlers `h00000` to `h09999`, in every state, 2 % waiting. */
export async function loadEventLogs({ kysely }: Database): Promise<void> {
  const isWaiting = sql`n % 50 = 1`
  await sql`insert into event_log (
      full_name, event_type, sender, run_type, status, request_id, node_id, parent_node_id, attempt,
      created_time, start_time, finish_time, param, result, error_message
    ) select
      'h' || ${nameNumber},
      'type' || n % 200,
      'sender' || n % 1000,
      case when n % 50 = 0 then 'replay' when n % 10 = 1 then 'cron' when n % 4 = 0 then 'chain' else 'send' end,
      case when ${isWaiting} then 'waiting' when ${isRunning} then 'running' when ${isFailure} then 'fail'
        else 'success' end,
      'r' || n / 5, 'n' || n,
      case when n % 4 = 0 then 'n' || (n - 1) end,
      case when n % 500 = 0 then 3 else 1 end,
      ${moment},
      case when ${isWaiting} then null else ${moment} end,
      case when ${isWaiting} or ${isRunning} then null else ${moment} + ${duration} end,
      jsonb_build_object('n', n % 5000), ${result}, ${error}
    from ${numbers}`.execute(kysely)
  await sql`vacuum analyze event_log`.execute(kysely)
}
