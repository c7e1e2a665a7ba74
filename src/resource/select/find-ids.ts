import { sql } from 'kysely'
import { allOf } from '../../condition/compile.ts'
import type { Predicate } from '../../condition/predicate.ts'
import { shapeOf } from '../../condition/shape.ts'
import { Slot } from '../../database/statement.ts'
import type { Reader } from './read.ts'
import { ordered } from './selection.ts'

/** The ids of the newest `limit` records that fulfil all the predicates, locked until the transaction ends. */
export async function findIds(
  { resource, builder, cache, runner }: Reader,
  predicates: readonly Predicate[],
  limit: number,
): Promise<readonly number[]> {
  const { key, values } = shapeOf(predicates)
  const statement = cache.get(`${resource.name}|ids|${key}`, () => {
    const found = builder.selectFrom(resource.table).select([resource.ordering.key]).where(allOf(predicates))
    return ordered(found, resource, 'newest')
      .limit(sql<number>`${new Slot(values.length)}`)
      .forUpdate()
  })
  const { rows } = await runner.run(statement, [...values, limit])
  return rows.map(([id]) => Number(id))
}
