import { v7 as uuid } from 'uuid'
import type { Clock } from '../clock.ts'
import type { Database, Runner } from '../database/database.ts'
import { rawStatement } from '../database/statement.ts'
import { type EndedRun, endRuns } from './end-runs.ts'
import type { HandlerDirectory } from './handler-directory.ts'
import { addJobs } from './insert-runs.ts'
import { type Queue, remoteQueue, serverQueue } from './queue.ts'
import { forsakeRuns } from './take-runs.ts'

export interface RescueDeps {
  readonly database: Database
  readonly queue: Queue
  readonly directory: HandlerDirectory
  readonly clock: Clock
}

/** Rows looked at in one transaction. */
const batch = 500

const alive = 'select from server_lease l where l.id = owner and l.lease_until > now()'

// Servers that rescue at the same time pass over each other's rows.
const findLost = rawStatement(
  `select id, job_id::text, full_name, attempt, failures, owner is null from event_log
   where status = 'running' and job_id is not null
     and ((owner is not null and not exists (${alive})) or (owner is null and lease_until < now()))
   order by id limit ${batch} for update skip locked`,
)

const endScripts = rawStatement(
  `update js_result set finish_time = to_timestamp($1::float8 / 1000), error_message = $2
   where owner is not null and result is null and error_message is null and not exists (${alive})`,
)

const forgetLeases = rawStatement(`delete from server_lease where lease_until < now() - interval '1 day'`)

/** Takes runs back whose server or remote worker is gone: they are tried again, or fail. Resolves to how many. */
export async function rescueRuns(deps: RescueDeps): Promise<number> {
  const { database, clock } = deps
  let rescued = 0
  for (;;) {
    const found = await database.transaction(async runner => {
      const { rows } = await runner.run(findLost, [])
      if (rows.length > 0) await giveUp(runner, deps, rows)
      return rows.length
    })
    rescued += found
    if (found < batch) break
  }
  await database.run(endScripts, [clock(), serverLost])
  await database.run(forgetLeases, [])
  return rescued
}

const serverLost = 'server_lost: the server that ran it is gone'
const leaseExpired = 'lease_expired: the remote worker did not say that it still works'

async function giveUp(
  runner: Runner,
  { queue, directory, clock }: RescueDeps,
  rows: readonly (readonly unknown[])[],
): Promise<void> {
  const handlers = await directory.current(runner)
  const ended = rows.flatMap(([id, jobId, fullName, attempt, failures, isRemote]): EndedRun[] => {
    const handler = handlers.byName(String(fullName))
    if (handler === undefined) return []
    return [
      {
        run: {
          id: Number(id),
          jobId: String(jobId),
          queue: isRemote === true ? remoteQueue(handler.id) : serverQueue,
          handler,
          attempt: Number(attempt),
          failures: Number(failures),
        },
        outcome: { kind: 'failed', message: isRemote === true ? leaseExpired : serverLost, retry: true },
      },
    ]
  })
  await endRuns(runner, { queue, directory }, ended, clock())
  const gone = rows.filter(([, , fullName]) => handlers.byName(String(fullName)) === undefined)
  await forsakeRuns(
    runner,
    gone.map(([id]) => Number(id)),
    clock(),
  )
}

const findOrphans = rawStatement(
  `select e.id, e.full_name,
     (select (date_part('epoch', j.start_after) * 1000)::bigint from event_job j
      where j.id = e.job_id and j.start_after > now())
   from event_log e left join event_handler h on h.full_name = e.full_name
   where e.status = 'waiting' and e.job_id is not null
     and (h.id is null or not exists (select from event_job j where j.id = e.job_id
       and j.queue = case h.target_kind when 'remote' then '${remoteQueue('')}' || h.id else '${serverQueue}' end))
   order by e.id limit ${batch} for update of e skip locked`,
)

const giveJobs = rawStatement(
  `update event_log e set job_id = r.job::uuid from unnest($1::bigint[], $2::text[]) as r(id, job) where e.id = r.id`,
)

/** Gives rows that wait without a job in their handler's queue a new one; those without a handler fail. */
export async function requeueOrphans({ database, queue, directory, clock }: RescueDeps): Promise<number> {
  return database.transaction(async runner => {
    const { rows } = await runner.run(findOrphans, [])
    if (rows.length === 0) return 0
    const handlers = await directory.current(runner)
    // New ids: a job that still lies in another queue is then nobody's, and is dropped by whoever takes it.
    const jobs = rows.flatMap(([id, fullName, startAfter]) => {
      const handler = handlers.byName(String(fullName))
      const at = startAfter === null ? undefined : Number(startAfter)
      return handler === undefined ? [] : [{ handler, id: uuid(), row: Number(id), startAfter: at }]
    })
    await runner.run(giveJobs, [jobs.map(job => job.row), jobs.map(job => job.id)])
    await addJobs(runner, queue, jobs)
    const kept = new Set(jobs.map(job => job.row))
    const gone = rows.map(([id]) => Number(id)).filter(id => !kept.has(id))
    await forsakeRuns(runner, gone, clock())
    return rows.length
  })
}

const dropLost = rawStatement(
  `delete from event_job j where j.is_taken and not exists (
     select from event_log e where e.id = j.event_log_id and e.job_id = j.id and e.status = 'running')`,
)

/**
 * Drops jobs under way whose rows do not run: a client ended or deleted the row, and then its server died. They would
 * count against the limit of their handler.
 */
export async function dropLostJobs({ run }: Pick<Runner, 'run'>): Promise<number> {
  return (await run(dropLost, [])).affected
}
