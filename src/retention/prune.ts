import { setTimeout as sleep } from 'node:timers/promises'
import type { Database } from '../database/database.ts'
import { rawStatement } from '../database/statement.ts'
import { alone } from './alone.ts'
import { createPace } from './pace.ts'

const known = rawStatement('select resource from stream_position order by resource')

// Numbers rise with time. What a sink has still to deliver stays, however long it is paused.
const prune = rawStatement(
  `with old as (
     select last_number from (
       select last_number, numbered_time from record_change
       where resource = $1 and last_number > $2 order by last_number limit $4::int) as oldest
     where numbered_time < now() - $3::float8 * interval '1 millisecond'
       and last_number <= coalesce((select min(cursor) from sink where resource = $1), 9223372036854775807)
   ), gone as (
     delete from record_change where resource = $1 and last_number = any(array(select last_number from old))
     returning last_number
   ) select count(*), max(last_number) from gone`,
)

/** Forgets which records changed, and in which order, once that is older than `keepMs`: nobody can resume so far back. */
export async function pruneChanges(database: Database, keepMs: number, signal: AbortSignal): Promise<void> {
  const { rows } = await database.run(known, [])
  for (const [resource] of rows) await pruneResource(database, { resource, keepMs }, signal)
}

async function pruneResource(
  database: Database,
  { resource, keepMs }: { readonly resource: unknown; readonly keepMs: number },
  signal: AbortSignal,
): Promise<void> {
  const pace = createPace()
  let last = 0
  while (!signal.aborted) {
    const size = pace.size()
    let began = 0
    const pruned = await alone(database, runner => {
      began = performance.now()
      return runner.run(prune, [resource, last, keepMs, size])
    })
    const [count, lastGone] = pruned?.rows[0] ?? [0, null]
    if (Number(count) < size) return
    last = Number(lastGone)
    await sleep(pace.next(performance.now() - began), undefined, { signal, ref: false }).catch(
      () => undefined,
    )
  }
}
