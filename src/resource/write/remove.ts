import { type SqlBool, sql } from 'kysely'
import { allOf } from '../../condition/compile.ts'
import type { Predicate } from '../../condition/predicate.ts'
import { shapeOf } from '../../condition/shape.ts'
import { Slot } from '../../database/statement.ts'
import type { Reader } from '../select/read.ts'
import { ordered } from '../select/selection.ts'

export interface Removal {
  readonly predicates: readonly Predicate[]
  /** Only the newest so many; undefined: all. */
  readonly limit: number | undefined
  /** Delete nothing at all when more rows than this are found; undefined: any number. */
  readonly maxAffected: number | undefined
}

export interface Removed {
  readonly found: number
  readonly deleted: number
}

/**
 * Deletes the rows that fulfil all the predicates, in one statement: the rows are locked in their one order while
 * they are chosen, so that of two deletes at once neither counts a row that the other takes.
 */
export async function removeRows(
  { resource, builder, cache, runner }: Reader,
  { predicates, limit, maxAffected }: Removal,
): Promise<Removed> {
  const { key, values } = shapeOf(predicates)
  const bound = [...values]
  const limitSlot = limit === undefined ? undefined : new Slot(bound.push(limit) - 1)
  const maxSlot = maxAffected === undefined ? undefined : new Slot(bound.push(maxAffected) - 1)
  const id = resource.ordering.key
  const form = `${limitSlot !== undefined}|${maxSlot !== undefined}`

  const statement = cache.get(`${resource.name}|remove|${form}|${key}`, () => {
    const found = builder.selectFrom(resource.table).select([id]).where(allOf(predicates))
    let target = ordered(found, resource, 'newest').forUpdate()
    if (limitSlot !== undefined) target = target.limit(sql<number>`${limitSlot}`)
    // One row more than allowed is enough to know that there are too many.
    else if (maxSlot !== undefined) target = target.limit(sql<number>`${maxSlot}::bigint + 1`)

    return builder
      .with(
        cte => cte('target').materialized(),
        () => target,
      )
      .with('gone', qb => {
        const gone = qb
          .deleteFrom(resource.table)
          // An array rather than a join, which would read the whole table once there are many.
          .where(eb => sql<SqlBool>`${eb.ref(id)} = any(array(${eb.selectFrom('target').select(id)}))`)
          .returning(sql.lit(1).as('one'))
        if (maxSlot === undefined) return gone
        return gone.where(eb =>
          eb(eb.selectFrom('target').select(sql`count(*)`.as('n')), '<=', sql`${maxSlot}`),
        )
      })
      .selectNoFrom(eb => [
        eb.selectFrom('target').select(sql<string>`count(*)::text`.as('n')).as('found'),
        eb.selectFrom('gone').select(sql<string>`count(*)::text`.as('n')).as('deleted'),
      ])
  })
  const { rows } = await runner.run(statement, bound)
  const [found, deleted] = rows[0] ?? ['0', '0']
  return { found: Number(found), deleted: Number(deleted) }
}
