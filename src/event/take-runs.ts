import type { Runner } from '../database/database.ts'
import { rawStatement } from '../database/statement.ts'
import { parseJson } from '../json.ts'
import type { Origin } from '../permission/grant.ts'
import type { Handlers } from './handler-directory.ts'
import { addJobs, queueOf } from './insert-runs.ts'
import type { Queue } from './queue.ts'
import type { Run } from './run.ts'

export interface RunTaking {
  readonly queue: string
  readonly max: number
  /** Epoch ms. */
  readonly now: number
  /** The server that will run them; undefined: a remote worker, for `leaseMs`. */
  readonly owner?: string
  readonly leaseMs?: number
  /** Handlers whose work is left where it is. */
  readonly except?: readonly string[]
}

/** What is said of a run whose handler was deleted before it began. */
const handlerGone = 'handler_gone: its handler was deleted'

/** Any number, the same in every Daybook. */
const lockKey = 7_411_000_002

// While one counts what runs, no other may take more of it.
const lock = rawStatement(`select pg_advisory_xact_lock(${lockKey})`)

// A server whose lease has ended may have lost its runs: it must not take new ones under the old name.
const take = rawStatement(
  `update event_log set status = 'running', start_time = to_timestamp($3::float8 / 1000), owner = $4::text,
     lease_until = now() + $5::float8 * interval '1 millisecond'
   where id = any($1::bigint[]) and job_id = any($2::text[]::uuid[]) and status = 'waiting'
     and ($4::text is null or exists (select from server_lease where server_lease.id = $4::text and lease_until > now()))
   returning id, job_id::text, full_name, event_type, sender, request_id, node_id, parent_node_id, attempt, failures, depth,
     param::text, caller::text`,
)

const forsake = rawStatement(
  `update event_log set status = 'fail', finish_time = to_timestamp($2::float8 / 1000), error_message = $3, lease_until = null
   where id = any($1::bigint[]) and status in ('waiting')`,
)

/** Fails rows whose handler is gone. */
export async function forsakeRuns(runner: Runner, ids: readonly number[], now: number): Promise<void> {
  if (ids.length > 0) await runner.run(forsake, [ids, now, handlerGone])
}

const readLease = rawStatement('select 1 from server_lease where id = $1 and lease_until > now()')

/**
 * Takes runs that are due and marks them as running; both or neither, so that a job is under way exactly as long as its
 * row runs. Jobs whose row was deleted or ended meanwhile are dropped.
 */
export async function takeRuns(
  runner: Runner,
  queue: Queue,
  handlers: Handlers,
  taking: RunTaking,
): Promise<readonly Run[]> {
  const { now, owner, max, leaseMs, except = [] } = taking
  const limits = limitsOf(handlers)
  if (limits.size > 0) await runner.run(lock, [])
  const jobs = await queue.take(runner, taking.queue, { max, limits, except })
  if (jobs.length === 0) return []
  const { rows } = await runner.run(take, [
    jobs.map(job => job.row),
    jobs.map(job => job.id),
    now,
    owner ?? null,
    leaseMs ?? null,
  ])
  const taken = rows.flatMap(row => toRun(row, handlers) ?? [])
  const runs = taken.filter(run => queueOf(run.handler) === taking.queue)
  const gone = rows.filter(([, , fullName]) => handlers.byName(String(fullName)) === undefined)
  // An event may be sent while its handler is being deleted.
  await forsakeRuns(
    runner,
    gone.map(([id]) => Number(id)),
    now,
  )
  if (runs.length < jobs.length) {
    if (owner !== undefined && (await runner.run(readLease, [owner])).rows.length === 0) throw leaseEnded()
    const kept = new Set(runs.map(run => run.jobId))
    await queue.remove(
      runner,
      taking.queue,
      jobs.map(job => job.id).filter(id => !kept.has(id)),
    )
    await putBack(
      runner,
      queue,
      taken.filter(run => !kept.has(run.jobId)),
    )
  }
  return runs
}

const backToWaiting = rawStatement(
  `update event_log set status = 'waiting', start_time = null, owner = null, lease_until = null where id = any($1::bigint[])`,
)

// An event may be sent while its handler's target is being changed: it waits where the new one is run.
async function putBack(runner: Runner, queue: Queue, runs: readonly Run[]): Promise<void> {
  if (runs.length === 0) return
  await runner.run(backToWaiting, [runs.map(run => run.id)])
  const jobs = runs.map(({ handler, jobId, id }) => ({ handler, id: jobId, row: id, startAfter: undefined }))
  await addJobs(runner, queue, jobs)
}

function limitsOf(handlers: Handlers): ReadonlyMap<string, number> {
  return new Map(
    handlers.all.flatMap(({ fullName, concurrency }) =>
      concurrency === null ? [] : [[fullName, concurrency]],
    ),
  )
}

function leaseEnded(): Error {
  return new Error('the lease of this server has ended: it takes no runs until it has a new one')
}

function toRun(row: readonly unknown[], handlers: Handlers): Run | undefined {
  const [id, jobId, fullName, eventType, sender, requestId, nodeId, parentNodeId, attempt, failures, depth] =
    row
  const [param, caller] = row.slice(11)
  const handler = handlers.byName(String(fullName))
  if (handler === undefined) return undefined
  return {
    id: Number(id),
    jobId: String(jobId),
    handler,
    attempt: Number(attempt),
    failures: Number(failures),
    sender: String(sender),
    eventType: String(eventType),
    requestId: String(requestId),
    nodeId: String(nodeId),
    parentNodeId: parentNodeId === null ? null : String(parentNodeId),
    depth: Number(depth),
    kwargs: param === null ? null : parseJson(String(param)),
    caller: caller === null ? [] : (JSON.parse(String(caller)) as Origin[]),
  }
}
