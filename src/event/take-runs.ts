import type { Runner } from '../database/database.ts'
import { rawStatement } from '../database/statement.ts'
import { parseJson } from '../json.ts'
import type { Origin } from '../permission/grant.ts'
import type { ChainOwner } from '../resource/chain-owner.ts'
import type { RunType } from './event.ts'
import type { Handlers } from './handler-directory.ts'
import { addJobs, queueOf } from './insert-runs.ts'
import type { Queue, TakenJob } from './queue.ts'
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

// A server whose lease has ended may have lost its runs: it must not take new ones under the old name. Rows that somebody
// else has locked are passed over: whoever cancels or moves them goes for their jobs next, and we hold those.
const take = rawStatement(
  `update event_log set status = 'running', start_time = to_timestamp($3::float8 / 1000), owner = $4::text,
     lease_until = now() + $5::float8 * interval '1 millisecond'
   where id = any(array(select id from event_log
       where id = any($1::bigint[]) and job_id = any($2::text[]::uuid[]) and status = 'waiting' for update skip locked))
     and ($4::text is null or exists (select from server_lease where server_lease.id = $4::text and lease_until > now()))
   returning id, job_id::text, full_name, event_type, sender, request_id, node_id, parent_node_id, attempt, failures, depth,
     param::text, caller::text, run_type, chain_owner`,
)

const findBusy = rawStatement(
  `select job_id::text from event_log
   where id = any($1::bigint[]) and job_id = any($2::text[]::uuid[]) and status = 'waiting'`,
)

/** Jobs without a row that waits, dropped at once. */
const dropped = 1000

const dropStale = rawStatement(
  `delete from event_job where queue = $1 and id = any(array(
     select j.id from event_job j
     where j.queue = $1 and not j.is_taken and not exists (
       select from event_log e where e.id = j.event_log_id and e.job_id = j.id and e.status = 'waiting')
     limit ${dropped} for update skip locked))`,
)

const forsake = rawStatement(
  `update event_log set status = 'fail', finish_time = to_timestamp($2::float8 / 1000), error_message = $3, lease_until = null
   where id = any($1::bigint[]) and status in ('waiting', 'running')`,
)

/** Fails rows whose handler is gone. */
export async function forsakeRuns(runner: Runner, ids: readonly number[], now: number): Promise<void> {
  if (ids.length > 0) await runner.run(forsake, [ids, now, handlerGone])
}

const readLease = rawStatement('select 1 from server_lease where id = $1 and lease_until > now()')

export interface Taken {
  readonly runs: readonly Run[]
  /** Whether there may be more that is due. */
  readonly mayHaveMore: boolean
}

/**
 * Takes runs that are due and marks them as running; both or neither, so that a job is under way exactly as long as its
 * row runs. Jobs whose row was deleted or ended meanwhile are dropped.
 */
export async function takeRuns(
  runner: Runner,
  queue: Queue,
  handlers: Handlers,
  taking: RunTaking,
): Promise<Taken> {
  const { max, except = [] } = taking
  const limits = limitsOf(handlers)
  if (limits.size > 0) await runner.run(lock, [])
  for (;;) {
    const jobs = await queue.take(runner, taking.queue, { max, limits, except })
    const { runs, stale } = await begin(runner, queue, handlers, { ...taking, jobs })
    // Of a handler with a limit fewer may be taken than there is room for, and hide others behind them.
    const mayHaveMore = runs.length > 0 && (jobs.length === max || limits.size > 0)
    if (runs.length > 0 || stale === 0) return { runs, mayHaveMore }
    // A client may have deleted any number of rows: what can be run must not wait behind them.
    await runner.run(dropStale, [taking.queue])
  }
}

/** Begins what was taken, and sees to it that no other job stays under way. `stale`: jobs that were dropped. */
async function begin(
  runner: Runner,
  queue: Queue,
  handlers: Handlers,
  { jobs, now, owner, leaseMs, queue: name }: RunTaking & { jobs: readonly TakenJob[] },
): Promise<{ runs: readonly Run[]; stale: number }> {
  if (jobs.length === 0) return { runs: [], stale: 0 }
  const ids = [jobs.map(job => job.row), jobs.map(job => job.id)]
  const { rows } = await runner.run(take, [...ids, now, owner ?? null, leaseMs ?? null])
  const taken = rows.flatMap(row => toRun(row, name, handlers) ?? [])
  const runs = taken.filter(run => queueOf(run.handler) === name)
  if (runs.length === jobs.length) return { runs, stale: 0 }
  if (owner !== undefined && (await runner.run(readLease, [owner])).rows.length === 0) throw leaseEnded()

  // An event may be sent while its handler is being deleted.
  const gone = rows.filter(([, , fullName]) => handlers.byName(String(fullName)) === undefined)
  await forsakeRuns(
    runner,
    gone.map(([id]) => Number(id)),
    now,
  )
  const busy = (await runner.run(findBusy, ids)).rows.map(([jobId]) => String(jobId))
  const kept = new Set([...runs.map(run => run.jobId), ...busy])
  const stale = jobs.map(job => job.id).filter(id => !kept.has(id))
  await queue.putBack(runner, name, busy)
  await queue.remove(runner, name, stale)
  await moveAway(
    runner,
    queue,
    taken.filter(run => !kept.has(run.jobId)),
  )
  return { runs, stale: stale.length }
}

const backToWaiting = rawStatement(
  `update event_log set status = 'waiting', start_time = null, owner = null, lease_until = null where id = any($1::bigint[])`,
)

// An event may be sent while its handler's target is being changed: it waits where the new one is run.
async function moveAway(runner: Runner, queue: Queue, runs: readonly Run[]): Promise<void> {
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

function toRun(row: readonly unknown[], queue: string, handlers: Handlers): Run | undefined {
  const [id, jobId, fullName, eventType, sender, requestId, nodeId, parentNodeId, attempt, failures, depth] =
    row
  const [param, caller, runType, chainOwner] = row.slice(11)
  const handler = handlers.byName(String(fullName))
  if (handler === undefined) return undefined
  return {
    id: Number(id),
    jobId: String(jobId),
    queue,
    handler,
    attempt: Number(attempt),
    failures: Number(failures),
    sender: String(sender),
    eventType: String(eventType),
    runType: String(runType) as RunType,
    requestId: String(requestId),
    chainOwner: chainOwner as ChainOwner,
    nodeId: String(nodeId),
    parentNodeId: parentNodeId === null ? null : String(parentNodeId),
    depth: Number(depth),
    kwargs: param === null ? null : parseJson(String(param)),
    caller: caller === null ? [] : (JSON.parse(String(caller)) as Origin[]),
  }
}
