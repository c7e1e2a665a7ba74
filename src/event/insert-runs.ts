import type { Runner } from '../database/database.ts'
import { nextId } from '../database/next-id.ts'
import { rawStatement } from '../database/statement.ts'
import { stringifyJson } from '../json.ts'
import type { NewRun } from './event.ts'
import type { Handler } from './handler.ts'
import { type NewJob, type Queue, remoteQueue, serverQueue } from './queue.ts'

const insert = rawStatement(
  `with given as materialized (
     select ${nextId('event_log')} as id, r.*
     from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
       $10::int[], $11::text[], $13::float8[], $14::text[]) with ordinality
       as r(full_name, event_type, sender, run_type, request_id, node_id, parent_node_id, param, job_id, depth, caller,
         defer_time, chain_owner, place)
     order by place
   ), written as (
     insert into event_log (id, full_name, event_type, sender, run_type, status, request_id, node_id, parent_node_id,
       attempt, created_time, param, job_id, depth, caller, defer_time,
       chain_owner)
     overriding system value
     select id, full_name, event_type, sender, run_type, 'waiting', request_id, node_id, parent_node_id, 1,
       to_timestamp($12::float8 / 1000), param::jsonb, job_id::uuid, depth, caller::jsonb, to_timestamp(defer_time / 1000),
       chain_owner
     from given
   )
   select id from given order by place`,
)

/** Writes the rows and their jobs; all or, with the transaction, none. Resolves to the rows' ids, in order. */
export async function insertRuns(
  runner: Runner,
  queue: Queue,
  runs: readonly NewRun[],
  now: number,
): Promise<readonly number[]> {
  if (runs.length === 0) return []
  const column = <T>(value: (run: NewRun) => T): readonly T[] => runs.map(value)
  const texts = rememberTexts()
  const { rows } = await runner.run(insert, [
    column(run => run.handler.fullName),
    column(run => run.event.eventType),
    column(run => run.event.sender),
    column(run => run.event.runType),
    column(run => run.event.requestId),
    column(run => run.nodeId),
    column(run => run.event.parentNodeId),
    column(run => texts(run.event.kwargs)),
    column(run => run.jobId),
    column(run => run.event.depth),
    column(run => texts(run.event.caller)),
    now,
    column(run => startOf(run, now) ?? null),
    column(run => run.event.chainOwner),
  ])
  const ids = rows.map(([id]) => Number(id))
  const jobs = runs.map((run, i) => ({
    handler: run.handler,
    id: run.jobId,
    row: ids[i] ?? 0,
    startAfter: startOf(run, now),
  }))
  await addJobs(runner, queue, jobs)
  return ids
}

/** Before which it must not begin (epoch ms); undefined: at once. */
function startOf({ event: { delayMs } }: NewRun, now: number): number | undefined {
  return delayMs > 0 ? now + delayMs : undefined
}

export interface HandlerJob {
  readonly handler: Handler
  readonly id: string
  /** The id of the row that it is for. */
  readonly row: number
  /** Epoch ms; undefined: at once. */
  readonly startAfter: number | undefined
}

/** Puts jobs into the queues of their handlers; those who take them are told once the transaction has committed. */
export async function addJobs(runner: Runner, queue: Queue, jobs: readonly HandlerJob[]): Promise<void> {
  const byQueue = Map.groupBy(jobs, job => queueOf(job.handler))
  for (const [name, group] of byQueue) await queue.add(runner, name, group.map(toJob))
}

/** Where the jobs of a handler wait. */
export function queueOf({ target, id }: Handler): string {
  return target.kind === 'remote' ? remoteQueue(id) : serverQueue
}

function toJob({ handler, id, row, startAfter }: HandlerJob): NewJob {
  return { id, row, fullName: handler.fullName, startAfter }
}

/** The handlers of one event share its arguments: they are written out once. */
function rememberTexts(): (value: unknown) => string | null {
  const texts = new Map<unknown, string | null>()
  return value => {
    const known = texts.get(value)
    if (known !== undefined) return known
    const text = value === undefined || value === null ? null : stringifyJson(value)
    texts.set(value, text)
    return text
  }
}
