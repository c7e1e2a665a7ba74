import { type RawBuilder, sql } from 'kysely'
import type { Database } from '../../src/database/database.ts'

/** Rows of js_result, enough that a merge of few of its names finds a thousand. */
export const mostRows = 200_000
/** Rows of each other table: as many as make a walk through all of them tell. */
export const manyRows = 120_000
export const manyNames = 10_000

const day = 86_400_000

/** The times of the rows: the hundred days before `newest`, epoch milliseconds. */
export const newest = 1_775_000_000_000
export const oldest = newest - 100 * day
export const someMoment = newest - 50 * day

// A different moment for each row, in no order.
const moment = sql`to_timestamp((${newest}::float8 - (n * 48271::bigint % 8640000) * 1000) / 1000)`
const duration = sql`make_interval(secs => (n % 997) * (n % 991) / 1000.0)`
const numbersTo = (last: number) => sql`generate_series(1, ${last}::int) as n`
const numbers = numbersTo(manyRows)
// Strides that have no factor in common with the number of names, so that each has as many rows.
const nameNumber = sql`lpad((n * 7919::bigint % ${manyNames}::int)::text, 5, '0')`
const isRunning = sql`n % 100 = 2`
const isFailure = sql`n % 33 = 3`
const isAbnormal = sql`n % 15 = 3`
const result = sql`case when ${isRunning} or ${isFailure} then null else jsonb_build_object('m', n % 3001) end`
const error = sql`case when ${isFailure} then 'error ' || md5(n::text) end`

/** Its indexes are made when all rows are there: to add to them row by row takes several times as long. */
async function fill({ kysely }: Database, table: string, inserting: RawBuilder<unknown>): Promise<void> {
  const { rows: indexes } = await sql<{ name: string; definition: string }>`
    select indexrelid::regclass::text as name, replace(pg_get_indexdef(indexrelid), ' ON ONLY ', ' ON ') as definition
    from pg_index where indrelid = ${table}::regclass and not indisprimary`.execute(kysely)
  for (const { name } of indexes) await sql.raw(`drop index ${name}`).execute(kysely)
  await inserting.execute(kysely)
  for (const { definition } of indexes) await sql.raw(definition).execute(kysely)
  await sql.raw(`vacuum analyze ${table}`).execute(kysely)
}

/** Fills js_result: workers `w00000` to `w09999`, in every state, 2 % without a start time. */
export async function loadJsResults(database: Database): Promise<void> {
  await fill(
    database,
    'js_result',
    sql`insert into js_result (
      js_worker_id, js_worker_name, run_type, start_time, finish_time, param, result, error_message
    ) select
      n % ${manyNames}::int,
      'w' || ${nameNumber},
      case when n % 3 = 0 then 'rt' || n % 100 else 'call' end,
      case when n % 50 = 1 then null else ${moment} end,
      case when ${isRunning} then null else ${moment} + ${duration} end,
      jsonb_build_object('n', n % 5000), ${result}, ${error}
    from ${numbersTo(mostRows)}`,
  )
}

/** Fills event_log: handlers `h00000` to `h09999`, in every state, 2 % waiting. */
export async function loadEventLogs(database: Database): Promise<void> {
  const isWaiting = sql`n % 50 = 1`
  await fill(
    database,
    'event_log',
    sql`insert into event_log (
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
    from ${numbers}`,
  )
}

/** Fills service_event: services `s00000` to `s09999`, 7 % abnormal. */
export async function loadServiceEvents(database: Database): Promise<void> {
  await fill(
    database,
    'service_event',
    sql`insert into service_event (
      project_id, service_id, service_name, event_type, event_info, occur_time
    ) select
      'p' || n % 200, 's' || ${nameNumber}, 'service' || n % 1000,
      case when ${isAbnormal} then 'abnormal' else 'normal' end,
      'info ' || n % 10 || ' ' || md5(n::text), ${moment}
    from ${numbers}`,
  )
}

/** Fills execution_event: executions `e00000` to `e09999`, 7 % warnings, few reported more than once. */
export async function loadExecutionEvents(database: Database): Promise<void> {
  await fill(
    database,
    'execution_event',
    sql`insert into execution_event (
      execution_id, name, namespace, reason, message, type, elem_type, elem_id, action_name,
      first_timestamp, last_timestamp, count, merge_key
    ) select
      'e' || ${nameNumber}, 'event' || n, 'ns' || n % 200, 'Reason' || n % 10, 'message ' || n % 10 || ' ' || md5(n::text),
      case when ${isAbnormal} then 'Warning' else 'Normal' end,
      case when n % 4 > 0 then 'type' || n % 200 end, case when n % 4 > 0 then 'elem' || n % 1000 end,
      case when n % 5 > 0 then 'action' || n % 200 end,
      ${moment} - ${duration}, ${moment}, case when n % 500 = 0 then 3 else 1 end, sha256(n::text::bytea)
    from ${numbers}`,
  )
}

/** Fills audit_log: tokens `t00000` to `t09999`, 7 % of the calls denied or failed. */
export async function loadAuditLogs(database: Database): Promise<void> {
  await fill(
    database,
    'audit_log',
    sql`insert into audit_log (
      time, token_key, token_name, other_keys, address, method, resource, target, members, condition, dry_run, affected, ids,
      ids_digest, outcome, reason
    ) select
      ${moment}, 't' || ${nameNumber}, 'user' || n % 1000, jsonb_build_array('maker' || n % 1000), '10.0.0.' || n % 250,
      'method' || n % 100, 'resource' || n % 5, 'target' || n % 1000, '["name"]', jsonb_build_array(n % 5000),
      to_jsonb(n % 2 = 0), n % 1000, jsonb_build_array(n), md5(n::text),
      case when ${isAbnormal} then 'denied' when n % 100 = 2 then 'failed' else 'success' end, 'reason' || n % 20
    from ${numbers}`,
  )
}

/** Fills change_event: folders `f00000` to `f09999`, 2 % failures; numbers and times grow together. */
export async function loadChangeEvents(database: Database): Promise<void> {
  const time = sql`to_timestamp((${oldest}::float8 + n * (${newest - oldest}::float8 / ${manyRows})) / 1000)`
  await fill(
    database,
    'change_event',
    sql`insert into change_event (
      sequence_number, "offset", enqueued_time, diagnostic_id, event_type, schema_version, timestamp, tenant_key,
      tenant_name, folder_name, full_folder_path, folder_key, body
    ) select
      n, (n * 100)::text, ${time}, '00-' || md5(n::text),
      case when n % 100 = 1 then 'job.faulted' when n % 100 = 2 then 'queueItem.transactionFailed'
        else 'type' || n % 100 end,
      '0.0.1', ${time}, 'key', 'Daybook', 'folder', 'f' || ${nameNumber}, 'key', '{}'
    from ${numbers}`,
  )
}
