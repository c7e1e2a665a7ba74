import { sql } from 'kysely'
import { givenRows, givenValues } from './given-rows.ts'
import { mergeStatement } from './merge.ts'
import type { Reader } from './read.ts'
import { appendedFields, type BoundRow } from './row.ts'

/** Inserts the rows with one statement; where the resource says so they are merged with those that are there. Resolves to their ids, in order, once they are committed. */
export async function insertRows(
  { resource, builder, cache, runner }: Reader,
  rows: readonly BoundRow[],
): Promise<readonly number[]> {
  const fields = appendedFields(resource)
  const statement = cache.get(`${resource.name}|append`, () => {
    const given = givenRows(fields)
    if (resource.merge !== undefined) return mergeStatement({ resource, builder }, resource.merge, given)
    return builder
      .insertInto(resource.table)
      .columns(fields.map(field => field.name))
      .expression(sql`select ${sql.join(given.values)} from ${given.source} order by place`)
      .returning(sql<string>`${sql.ref(resource.ordering.key)}::text`.as('id'))
  })
  const inserted = await runner.run(statement, givenValues(fields, rows))
  return inserted.rows.map(([id]) => Number(id))
}
