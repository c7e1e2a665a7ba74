import { type RawBuilder, sql } from 'kysely'
import type { ResourceField } from '../resource.ts'

/** A member of a row: a field, or what `made` makes of them. */
export interface ShownField extends Pick<ResourceField, 'name' | 'kind' | 'nullable'> {
  readonly made?: RawBuilder<unknown>
}

/**
 * The SQL of a wire row as JSON text, its members in the order of `fields`. Written out by hand rather than with
 * row_to_json because that looks up every column's type for every row.
 */
export function renderRow(fields: readonly ShownField[]): RawBuilder<string> {
  const parts = fields.flatMap((field, i) => {
    const opening = `${i === 0 ? '{' : ','}${JSON.stringify(field.name)}:`
    return [sql.lit(opening), renderField(field)]
  })
  return sql<string>`concat(${sql.join([...parts, sql.lit('}')])})`
}

// concat writes every argument as text by itself: a cast here would do that twice. Only what stands for a null must
// be of the column's type.
function renderField({ name, kind, nullable, made }: ShownField): RawBuilder<unknown> {
  const column = made ?? sql.ref(name)
  switch (kind) {
    case 'id':
    case 'integer':
      return nullable === true ? sql`coalesce(${column}::text, 'null')` : sql`${column}`
    case 'time': {
      const time = epochMilliseconds(name)
      return nullable === true ? sql`coalesce(${time}::text, 'null')` : time
    }
    case 'json':
      return nullable === true ? sql`coalesce(${column}, 'null'::jsonb)` : sql`${column}`
    case 'name':
    case 'enum':
    case 'text':
      return nullable === true ? sql`coalesce(to_json(${column}), 'null'::json)` : sql`to_json(${column})`
  }
}

/** A timestamptz column as whole epoch milliseconds. date_part is exact here and much cheaper than extract. */
export function epochMilliseconds(column: string): RawBuilder<number> {
  return sql<number>`(date_part('epoch', ${sql.ref(column)}) * 1000)::bigint`
}
