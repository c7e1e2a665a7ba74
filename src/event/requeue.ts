import type { Runner } from '../database/database.ts'
import { rawStatement } from '../database/statement.ts'
import type { Handler } from './handler.ts'
import { addJobs, queueOf } from './insert-runs.ts'
import type { Queue } from './queue.ts'
import { forsakeRuns } from './take-runs.ts'

const findWaiting = rawStatement(
  `select id, job_id::text,
     (select (date_part('epoch', j.start_after) * 1000)::bigint from event_job j
      where j.id = job_id and j.start_after > now())
   from event_log where full_name = $1 and status = 'waiting' and job_id is not null order by id for update`,
)

/**
 * What waits for a handler goes where its new target is run, or fails when the handler is deleted (`after` undefined).
 * To be called in the transaction that changes the handler.
 */
export async function requeueRuns(
  runner: Runner,
  queue: Queue,
  { before, after, now }: { before: Handler; after: Handler | undefined; now: number },
): Promise<void> {
  if (after !== undefined && queueOf(after) === queueOf(before)) return
  const { rows } = await runner.run(findWaiting, [before.fullName])
  await queue.remove(
    runner,
    queueOf(before),
    rows.map(([, jobId]) => String(jobId)),
  )
  if (after === undefined) {
    await forsakeRuns(
      runner,
      rows.map(([id]) => Number(id)),
      now,
    )
    return
  }
  await addJobs(
    runner,
    queue,
    rows.map(([id, jobId, startAfter]) => ({
      handler: after,
      id: String(jobId),
      row: Number(id),
      startAfter: startAfter === null ? undefined : Number(startAfter),
    })),
  )
}
