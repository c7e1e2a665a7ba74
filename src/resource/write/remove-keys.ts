import { type SqlBool, sql } from 'kysely'
import { allOf } from '../../condition/compile.ts'
import type { Predicate } from '../../condition/predicate.ts'
import { shapeOf } from '../../condition/shape.ts'
import { Slot } from '../../database/statement.ts'
import type { Reader } from '../select/read.ts'

/**
 * Deletes those of the rows with these keys that still fulfil all the predicates, and says how many. What somebody else
 * holds is passed over, so that it waits for nobody while it holds locks itself.
 */
export async function removeKeys(
  { resource, builder, cache, runner }: Reader,
  { keys, predicates }: { readonly keys: readonly number[]; readonly predicates: readonly Predicate[] },
): Promise<number> {
  const { key: shape, values } = shapeOf(predicates)
  const { key } = resource.ordering
  const statement = cache.get(`${resource.name}|remove-keys|${shape}`, () => {
    const held = builder
      .selectFrom(resource.table)
      .selectAll()
      .where(sql<SqlBool>`${sql.ref(key)} = any(${new Slot(values.length)}::bigint[])`)
      // Or Postgres might look for the rows by what they fulfil, which may be very many.
      .offset(sql.lit(0))
      .forUpdate()
      .skipLocked()
    const target = builder.selectFrom(held.as('held')).select(key).where(allOf(predicates))
    return builder.deleteFrom(resource.table).where(sql<SqlBool>`${sql.ref(key)} = any(array(${target}))`)
  })
  return (await runner.run(statement, [...values, keys])).affected
}
