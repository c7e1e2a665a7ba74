import { pause } from '../async/pause.ts'
import type { Database, Runner } from '../database/database.ts'
import { locks, unlessLocked } from '../database/locks.ts'
import { rawStatement } from '../database/statement.ts'
import { deliveredNumber, endLateSinks } from './late-sinks.ts'
import { createPace } from './pace.ts'
import { forgetMachines, leaveOldest } from './prune-change-events.ts'

const known = rawStatement('select resource from stream_position order by resource')

// Numbers rise with time. Changes that a sink has not delivered yet stay longer; then the same statement fails the sink.
const prune = rawStatement(
  `with old as (
     select last_number from (
       select last_number, numbered_time from record_change
       where resource = $1 and last_number > $2 order by last_number limit $4::int) as oldest
     where numbered_time < now() - $3::float8 * interval '1 millisecond'
       and (numbered_time < now() - $5::float8 * interval '1 millisecond'
         or last_number <= ${deliveredNumber('$1')})
   ), gone as (
     delete from record_change where resource = $1 and last_number = any(array(select last_number from old))
     returning last_number
   ), ended as (
     ${endLateSinks('$1', '(select max(last_number) from gone)')}
   ) select (select count(*) from gone), (select max(last_number) from gone), (select count(*) from ended)`,
)

/** How long changes are kept, in milliseconds. */
export interface ChangePeriods {
  /** For clients that resume. */
  readonly keepMs: number
  /** For sinks that have not delivered them yet; at least `keepMs`. */
  readonly sinkKeepMs: number
  /** For change events that Daybook wrote itself, and for silent machines. */
  readonly eventKeepMs: number
}

/**
 * Deletes old entries of the change log: nobody can resume from before them. A sink that still needed them has failed by
 * then.
 */
export async function pruneChanges(
  database: Database,
  periods: ChangePeriods,
  signal: AbortSignal,
): Promise<void> {
  const { rows } = await database.run(known, [])
  for (const [resource] of rows) await pruneResource(database, { resource, ...periods }, signal)
  const { eventKeepMs, sinkKeepMs } = periods
  const keep = { keepMs: eventKeepMs, sinkKeepMs }
  await inBatches(database, (runner, size) => leaveOldest(runner, keep, size), signal)
  if (!signal.aborted) await forgetMachines(database, eventKeepMs)
}

async function pruneResource(
  database: Database,
  { resource, keepMs, sinkKeepMs }: ChangePeriods & { readonly resource: unknown },
  signal: AbortSignal,
): Promise<void> {
  let last = 0
  const pruneNext = async (runner: Runner, size: number): Promise<number> => {
    const { rows } = await runner.run(prune, [resource, last, keepMs, size, Math.max(keepMs, sinkKeepMs)])
    const [count, lastGone] = rows[0] ?? [0, null]
    last = Number(lastGone)
    return Number(count)
  }
  await inBatches(database, pruneNext, signal)
}

/** Runs short transactions with pauses between them until one is not full, or another server is at work. */
async function inBatches(
  database: Database,
  work: (runner: Runner, size: number) => Promise<number>,
  signal: AbortSignal,
): Promise<void> {
  const pace = createPace()
  while (!signal.aborted) {
    const size = pace.size()
    let began = 0
    const done = await unlessLocked(database, locks.retention, runner => {
      began = performance.now()
      return work(runner, size)
    })
    if (done === undefined || done < size) return
    await pause(pace.next(performance.now() - began), signal)
  }
}
