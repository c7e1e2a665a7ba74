import { type RawBuilder, sql } from 'kysely'
import type { ResourceField } from './resource.ts'

/**
 * The SQL of a wire row as JSON text, its members in the order of `fields`. Written out by hand rather than with
 * row_to_json because that looks up every column's type for every row.
 */
export function renderRow(fields: readonly ResourceField[]): RawBuilder<string> {
  const parts = fields.flatMap((field, i) => {
    const opening = `${i === 0 ? '{' : ','}${JSON.stringify(field.name)}:`
    return [sql.lit(opening), renderField(field)]
  })
  return sql<string>`concat(${sql.join([...parts, sql.lit('}')])})`
}

function renderField(field: ResourceField): RawBuilder<unknown> {
  const text = renderValue(field)
  return field.nullable === true ? sql`coalesce(${text}, 'null')` : text
}

function renderValue(field: ResourceField): RawBuilder<unknown> {
  const column = sql.ref(field.name)
  switch (field.kind) {
    case 'id':
    case 'integer':
    case 'json':
      return sql`${column}::text`
    case 'time':
      return sql`${epochMilliseconds(field.name)}::text`
    case 'name':
    case 'enum':
    case 'text':
      return sql`to_json(${column})::text`
  }
}

/** A timestamptz column as whole epoch milliseconds. date_part is exact here and much cheaper than extract. */
export function epochMilliseconds(column: string): RawBuilder<number> {
  return sql<number>`(date_part('epoch', ${sql.ref(column)}) * 1000)::bigint`
}
