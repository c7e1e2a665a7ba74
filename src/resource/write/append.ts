import { sql } from 'kysely'
import { nextId } from '../../database/next-id.ts'
import type { BoundRow } from '../row.ts'
import type { Table } from '../table.ts'
import { givenRows, givenValues } from './given-rows.ts'
import { mergeStatement } from './merge.ts'

/** Inserts the rows with one statement; where the resource says so they are merged with those that are there. Resolves to their ids, in order, once they are committed. */
export async function insertRows(
  { resource, builder, cache, runner }: Table,
  rows: readonly BoundRow[],
): Promise<readonly number[]> {
  const { appended, merge, ordering, table } = resource
  const statement = cache.get(`${resource.name}|append`, () => {
    if (merge !== undefined) return mergeStatement({ resource, builder }, merge)
    const key = sql.ref(ordering.key)
    const columns = sql.join([key, ...appended.map(field => sql.ref(field.name))])
    const insert = sql`with given as materialized (
      select ${sql.raw(nextId(table, ordering.key))} as ${key}, g.* from ${givenRows(appended)} order by place
    ), written as (
      insert into ${sql.table(table)} (${columns}) overriding system value select ${columns} from given
    )
    select ${key}::text as id from given order by place`
    return { compile: () => insert.compile(builder) }
  })
  const inserted = await runner.run(statement, givenValues(appended, rows))
  return inserted.rows.map(([id]) => Number(id))
}
