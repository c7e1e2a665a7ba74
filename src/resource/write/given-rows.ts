import { type RawBuilder, sql } from 'kysely'
import { Slot } from '../../database/statement.ts'
import type { ResourceField } from '../resource.ts'
import type { BoundRow } from '../row.ts'

/** Bound rows as a table of SQL, `g`: a column a field, and their `place`, from 1. Slot `i` takes the values of field `i`. */
export function givenRows(fields: readonly ResourceField[]): RawBuilder<unknown> {
  // One array a column: a statement holds at most 65,535 binds, and a batch has more values than that.
  const arrays = fields.map((field, i) => sql`${new Slot(i)}::${arrayType(field)}`)
  const columns = [...fields.map(field => field.name), 'place'].map(sql.ref)
  const values = fields.map(field => sql`${columnValue(field)} as ${sql.ref(field.name)}`)
  return sql`(select place, ${sql.join(values)}
    from unnest(${sql.join(arrays)}) with ordinality as r(${sql.join(columns)})) as g`
}

/** What goes to the slots of `givenRows`. */
export function givenValues(
  fields: readonly ResourceField[],
  rows: readonly BoundRow[],
): readonly (readonly unknown[])[] {
  return fields.map((_, column) => rows.map(row => row[column]))
}

function arrayType({ kind }: ResourceField): RawBuilder<unknown> {
  if (kind === 'time') return sql`float8[]`
  return kind === 'integer' || kind === 'id' ? sql`bigint[]` : sql`text[]`
}

function columnValue(field: ResourceField): RawBuilder<unknown> {
  const column = sql.ref(`r.${field.name}`)
  if (field.kind === 'time') return sql`to_timestamp(${column} / 1000)`
  if (field.kind !== 'json') return column
  // What no condition asks about is kept as json: its members stay in their order.
  return field.filter === false ? sql`${column}::json` : sql`${column}::jsonb`
}
