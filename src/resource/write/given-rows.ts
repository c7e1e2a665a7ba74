import { type RawBuilder, sql } from 'kysely'
import { Slot } from '../../database/statement.ts'
import type { ResourceField } from '../resource.ts'
import type { BoundRow } from '../row.ts'
import type { GivenRows } from './merge.ts'

/** Bound rows as a source of SQL: `r`, with a column a field and their `place`. Slot `i` takes the values of field `i`. */
export function givenRows(fields: readonly ResourceField[]): GivenRows {
  const arrays = fields.map((field, i) => sql`${new Slot(i)}::${arrayType(field)}`)
  const columns = [...fields.map(field => field.name), 'place'].map(sql.ref)
  const source = sql`unnest(${sql.join(arrays)}) with ordinality as r(${sql.join(columns)})`
  return { fields, source, values: fields.map(columnValue) }
}

/** What goes to the slots of `givenRows`. */
export function givenValues(
  fields: readonly ResourceField[],
  rows: readonly BoundRow[],
): readonly (readonly unknown[])[] {
  return fields.map((_, column) => rows.map(row => row[column]))
}

// One array a column: a statement holds at most 65,535 binds, and a batch has more values than that.
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
