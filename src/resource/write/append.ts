import { sql } from 'kysely'
import { nextId } from '../../database/next-id.ts'
import { appendedFields, type BoundRow } from '../row.ts'
import type { Reader } from '../select/read.ts'
import { givenRows, givenValues } from './given-rows.ts'
import { mergeStatement } from './merge.ts'

/** Inserts the rows with one statement; where the resource says so they are merged with those that are there. Resolves to their ids, in order, once they are committed. */
export async function insertRows(
  { resource, builder, cache, runner }: Reader,
  rows: readonly BoundRow[],
): Promise<readonly number[]> {
  const fields = appendedFields(resource)
  const statement = cache.get(`${resource.name}|append`, () => {
    const given = givenRows(fields)
    if (resource.merge !== undefined) return mergeStatement({ resource, builder }, resource.merge, given)
    const { key } = resource.ordering
    const columns = sql.join([key, ...fields.map(field => field.name)].map(sql.ref))
    const named = given.values.map((value, i) => sql`${value} as ${sql.ref(fields[i]?.name ?? '')}`)
    const insert = sql`with given as materialized (
      select ${sql.raw(nextId(resource.table, key))} as ${sql.ref(key)}, place, ${sql.join(named)}
      from ${given.source} order by place
    ), written as (
      insert into ${sql.table(resource.table)} (${columns}) overriding system value select ${columns} from given
    )
    select ${sql.ref(key)}::text as id from given order by place`
    return { compile: () => insert.compile(builder) }
  })
  const inserted = await runner.run(statement, givenValues(fields, rows))
  return inserted.rows.map(([id]) => Number(id))
}
