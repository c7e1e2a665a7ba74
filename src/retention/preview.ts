import { sql } from 'kysely'
import { allOf } from '../condition/compile.ts'
import { shapeOf } from '../condition/shape.ts'
import { epochMilliseconds } from '../resource/select/render.ts'
import type { Table } from '../resource/table.ts'
import type { Expired } from './expired.ts'

export interface Preview {
  readonly count: number
  /** The time of the oldest of them, epoch milliseconds. */
  readonly oldest: number | null
}

/** What a rule would delete now. */
export async function previewExpired(
  { resource, builder, cache, runner }: Table,
  { predicates }: Expired,
): Promise<Preview> {
  const { key, values } = shapeOf(predicates)
  const { time } = resource.ordering
  const statement = cache.get(`${resource.name}|expired|${key}`, () => {
    const found = builder
      .selectFrom(resource.table)
      .where(allOf(predicates))
      .select([sql`count(*)`.as('n'), sql`min(${sql.ref(time)})`.as('oldest')])
    return builder.selectFrom(found.as('f')).select(['n', epochMilliseconds('oldest').as('t')])
  })
  const [count, oldest] = (await runner.run(statement, values)).rows[0] ?? [0, null]
  return { count: Number(count), oldest: oldest === null ? null : Number(oldest) }
}
