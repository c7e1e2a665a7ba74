import type { Runner } from '../database/database.ts'
import { rawStatement } from '../database/statement.ts'
import type { Queue } from './queue.ts'
import { remoteQueue, serverQueue } from './queue.ts'

/** The channel that tells servers to look whether something they run was cancelled. */
export const cancelChannel = 'daybook_cancel'

export interface Cancelled {
  /** Runs that waited, and have failed now. */
  readonly cancelled: number
  /** Runs that were told to stop. */
  readonly stopping: number
}

const endWaiting = rawStatement(
  `update event_log e set status = 'fail', finish_time = to_timestamp($2::float8 / 1000),
     error_message = 'cancelled: before it began', cancel_requested = true
   where e.id = any($1::bigint[]) and e.status = 'waiting' and e.job_id is not null
   returning e.job_id::text, (select h.id from event_handler h where h.full_name = e.full_name and h.target_kind = 'remote')`,
)

/** How long a remote worker that does not ask keeps a task that was cancelled. */
const graceMs = 5000

const stopRunning = rawStatement(
  `update event_log set cancel_requested = true,
     lease_until = least(lease_until, now() + interval '${graceMs} milliseconds')
   where id = any($1::bigint[]) and status = 'running' and job_id is not null`,
)

const notify = rawStatement(`select pg_notify('${cancelChannel}', '')`)

/** Keeps those that wait from ever running, and tells those that run to stop. Rows that nobody here runs stay as they are. */
export async function cancelRuns(
  runner: Runner,
  queue: Queue,
  ids: readonly number[],
  now: number,
): Promise<Cancelled> {
  const { rows } = await runner.run(endWaiting, [ids, now])
  for (const [name, group] of Map.groupBy(rows, ([, remote]) => queueNamed(remote))) {
    await queue.remove(
      runner,
      name,
      group.map(([jobId]) => String(jobId)),
    )
  }
  const { affected } = await runner.run(stopRunning, [ids])
  if (affected > 0) await runner.run(notify, [])
  return { cancelled: rows.length, stopping: affected }
}

function queueNamed(remote: unknown): string {
  return remote === null ? serverQueue : remoteQueue(Number(remote))
}
