import type { Database, Runner } from '../database/database.ts'
import { rawStatement } from '../database/statement.ts'
import { deliveredNumber, endLateSinks } from './late-sinks.ts'

// Times rise with the numbers. Numbers up to `walked_number` were looked at before: events that programs published stay and
// must not be looked at again each time. `gone_number` is the last deleted number.
const leave = rawStatement(
  `with looked as (
     select sequence_number, is_own, enqueued_time from change_event
     where sequence_number > (select walked_number from stream_position where resource = 'change-event')
     order by sequence_number limit $2::int
   ), old as (
     select sequence_number, is_own from looked
     where enqueued_time < now() - $1::float8 * interval '1 millisecond'
       and (enqueued_time < now() - $3::float8 * interval '1 millisecond'
         or sequence_number <= ${deliveredNumber("'change-event'")})
   ), gone as (
     delete from change_event
     where is_own and sequence_number between (select min(sequence_number) from old where is_own)
       and (select max(sequence_number) from old where is_own)
     returning sequence_number
   ), walked as (
     update stream_position set walked_number = (select max(sequence_number) from old),
       gone_number = greatest(gone_number, (select max(sequence_number) from gone))
     where resource = 'change-event' and exists (select from old)
     returning 1
   ), ended as (
     ${endLateSinks("'change-event'", '(select max(sequence_number) from gone)')}
   ) select (select count(*) from old), (select count(*) from walked), (select count(*) from ended)`,
)

export interface ChangeEventPeriods {
  /** Milliseconds. */
  readonly keepMs: number
  /** For sinks that have not delivered them yet. */
  readonly sinkKeepMs: number
}

/**
 * Looks at the next `size` change events and deletes those that Daybook wrote itself and that are old enough. Resolves to how
 * many it has looked at: fewer than `size` when the rest is too young.
 */
export async function leaveOldest(
  runner: Pick<Runner, 'run'>,
  { keepMs, sinkKeepMs }: ChangeEventPeriods,
  size: number,
): Promise<number> {
  const { rows } = await runner.run(leave, [keepMs, size, Math.max(keepMs, sinkKeepMs)])
  return Number(rows[0]?.[0])
}

const forget = rawStatement(
  `delete from machine where id = any(array(
     select id from machine where status = 'Disconnected'
       and reporting_time < now() - $1::float8 * interval '1 millisecond' order by id limit 100))`,
)

/** Deletes machines that were silent for so many milliseconds; that writes the last change event of each. */
export async function forgetMachines(database: Pick<Database, 'run'>, silentMs: number): Promise<void> {
  await database.run(forget, [silentMs])
}
