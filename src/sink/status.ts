import { type RawBuilder, sql } from 'kysely'
import type { Runner } from '../database/database.ts'
import type { Resource } from '../resource/resource.ts'

/** How far a sink is behind. */
export interface SinkLag {
  readonly name: string
  readonly isRunning: boolean
  /** The last number of its resource. */
  readonly lastNumber: number
  /** Numbers it has not checked yet. */
  readonly lag: number
  /** The age of the first of them, in milliseconds; 0 if there is none. */
  readonly ageMs: number
}

/** Of every sink, in order of its name. `resources`: those that sinks may be of. */
export async function sinkLags(
  { kysely }: Pick<Runner, 'kysely'>,
  resources: readonly Resource[],
): Promise<readonly SinkLag[]> {
  const { rows } = await sql<{ name: string; running: boolean; last: number; lag: number; age: number }>`
    select s.name, s.state = 'running' as running, coalesce(p.last_number, 0)::float8 as last,
      greatest(coalesce(p.last_number, 0) - s.cursor, 0)::float8 as lag,
      greatest(coalesce(extract(epoch from now() - ${numberedTime(resources)}) * 1000, 0), 0)::float8 as age
    from sink s left join stream_position p on p.resource = s.resource order by s.name`.execute(kysely)
  return rows.map(({ name, running, last, lag, age }) => ({
    name,
    isRunning: running,
    lastNumber: last,
    lag,
    ageMs: Math.round(age),
  }))
}

/** When the first change behind a sink's cursor got its number. */
function numberedTime(resources: readonly Resource[]): RawBuilder<unknown> {
  // Records that bear numbers of their own are not among the changes.
  const published = resources.filter(({ recorded }) => recorded === 'publish')
  const ofRecords = sql`(select numbered_time from record_change
    where resource = s.resource and last_number > s.cursor order by last_number limit 1)`
  const ofPublished = published.map(
    ({
      name,
      table,
      ordering,
    }) => sql`when ${name} then (select ${sql.ref(ordering.time)} from ${sql.table(table)}
      where ${sql.ref(ordering.key)} > s.cursor order by ${sql.ref(ordering.key)} limit 1)`,
  )
  return published.length === 0
    ? ofRecords
    : sql`case s.resource ${sql.join(ofPublished, sql` `)} else ${ofRecords} end`
}
