import { channels, notifySql } from '../../database/channels.ts'
import type { Runner } from '../../database/database.ts'
import { rawStatement } from '../../database/statement.ts'

export interface Cancelled {
  /** Runs that waited, and have failed now. */
  readonly cancelled: number
  /** Runs that were told to stop. */
  readonly stopping: number
}

/** How long a remote worker that does not ask keeps a task that was cancelled. */
const graceMs = 5000

const cancel = rawStatement(
  `with asked as (
     update event_log set cancel_requested = true,
       status = case when status = 'waiting' then 'fail' else status end,
       finish_time = case when status = 'waiting' then to_timestamp($2::float8 / 1000) else finish_time end,
       error_message = case when status = 'waiting' then 'cancelled: before it began' else error_message end,
       lease_until = case when lease_until is not null then least(lease_until, now() + interval '${graceMs} milliseconds') end
     where id = any($1::bigint[]) and due_time is not null and case when status in ('waiting', 'running') then true end
     returning status = 'running' as runs
   )
   select count(*) filter (where not runs), count(*) filter (where runs),
     case when bool_or(runs) then ${notifySql(channels.cancel)} end
   from asked`,
)

/** Keeps those that wait from ever running, and tells those that run to stop. Rows that are not runs of this Daybook stay as they are. */
export async function cancelRuns(
  { run }: Pick<Runner, 'run'>,
  ids: readonly number[],
  now: number,
): Promise<Cancelled> {
  const [counts] = (await run(cancel, [ids, now])).rows
  return { cancelled: Number(counts?.[0]), stopping: Number(counts?.[1]) }
}
