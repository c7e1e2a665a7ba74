import { type RawBuilder, sql } from 'kysely'
import { Slot } from '../database/statement.ts'
import { mergeStatement } from './merge.ts'
import type { Reader } from './read.ts'
import type { ResourceField } from './resource.ts'
import { appendedFields, type BoundRow } from './row.ts'

/** Inserts the rows with one statement; where the resource says so they are merged with those that are there. Resolves to their ids, in order, once they are committed. */
export async function insertRows(
  { resource, builder, cache, runner }: Reader,
  rows: readonly BoundRow[],
): Promise<readonly number[]> {
  const fields = appendedFields(resource)
  const statement = cache.get(`${resource.name}|append`, () => {
    const columns = fields.map(field => field.name)
    const arrays = fields.map((field, i) => sql`${new Slot(i)}::${arrayType(field)}`)
    const given = sql`unnest(${sql.join(arrays)}) with ordinality as r(${sql.join([...columns, 'place'].map(sql.ref))})`
    const values = fields.map(columnValue)
    if (resource.merge !== undefined) {
      return mergeStatement({ resource, builder }, resource.merge, { fields, source: given, values })
    }
    return builder
      .insertInto(resource.table)
      .columns(columns)
      .expression(sql`select ${sql.join(values)} from ${given} order by place`)
      .returning(sql<string>`${sql.ref(resource.ordering.key)}::text`.as('id'))
  })
  const values = fields.map((_, column) => rows.map(row => row[column]))
  const inserted = await runner.run(statement, values)
  return inserted.rows.map(([id]) => Number(id))
}

// One array a column: a statement holds at most 65,535 binds, and a batch has more values than that.
function arrayType(field: ResourceField): RawBuilder<unknown> {
  if (field.kind === 'time') return sql`float8[]`
  return field.kind === 'integer' ? sql`bigint[]` : sql`text[]`
}

function columnValue(field: ResourceField): RawBuilder<unknown> {
  const column = sql.ref(`r.${field.name}`)
  if (field.kind === 'time') return sql`to_timestamp(${column} / 1000)`
  return field.kind === 'json' ? sql`${column}::jsonb` : column
}
