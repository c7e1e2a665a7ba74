import { type RawBuilder, sql } from 'kysely'
import { allOf } from '../../condition/compile.ts'
import { prefixed } from '../../condition/language.ts'
import type { Predicate } from '../../condition/predicate.ts'
import { shapeOf } from '../../condition/shape.ts'
import { Slot } from '../../database/statement.ts'
import type { Resource } from '../resource.ts'
import { stateOf } from '../state.ts'
import type { Table } from '../table.ts'
import { ordered } from './selection.ts'

export interface FacetOptions {
  /** One of `facetFields`. */
  readonly field: string
  /** Only values that begin with it, in the order of bytes; absent or empty: all, also null. */
  readonly prefix: string | undefined
  /** The most values that are answered. */
  readonly limit: number
}

export interface Facet {
  /** The most frequent first, those of one count by their bytes. */
  readonly values: readonly { readonly value: string | null; readonly count: number }[]
  /** Whether there are more. */
  readonly truncated: boolean
}

/** What the values can be counted of: names, fields of few values, and `state`. */
export function facetFields({ fields }: Resource): readonly string[] {
  const own = fields.filter(({ kind }) => kind === 'name' || kind === 'enum').map(({ name }) => name)
  return [...new Set([...own, 'state'])]
}

function countedValue(resource: Resource, field: string): RawBuilder<unknown> {
  if (resource.fields.some(({ name }) => name === field)) return sql.ref(field)
  return sql`(${stateOf(resource)}) collate "C"`
}

interface CountedRows extends FacetOptions {
  readonly predicates: readonly Predicate[]
  /** Of the rows that fulfil them only so many, the newest; absent: all. */
  readonly newest: number | undefined
}

/** How many rows have each value of a field. One statement; an index that begins with the field is read alone, without the table. */
export async function countValues(
  { resource, builder, cache, runner }: Table,
  { field, prefix, limit, predicates, newest }: CountedRows,
): Promise<Facet> {
  const { key, values } = shapeOf(predicates)
  const begun = prefix === undefined || prefix === '' ? [] : [prefixed('value', prefix)]
  const isBounded = newest !== undefined
  const bound = [...values, ...shapeOf(begun).values]
  const statement = cache.get(`${resource.name}|facet|${field}|${begun.length}|${isBounded}|${key}`, () => {
    const value = countedValue(resource, field).as('value')
    const all = builder.selectFrom(resource.table).where(allOf(predicates)).select(value)
    const rows = isBounded
      ? ordered(all, resource, 'newest').limit(sql<number>`${new Slot(bound.length + 1)}`)
      : all
    return builder
      .selectFrom(rows.as('found'))
      .where(allOf(begun, values.length))
      .select(['value', sql<string>`count(*)::text`.as('count')])
      .groupBy('value')
      .orderBy(sql`count(*)`, 'desc')
      .orderBy('value')
      .limit(sql<number>`${new Slot(bound.length)}`)
  })
  const { rows } = await runner.run(statement, [...bound, limit + 1, ...(isBounded ? [newest] : [])])
  const counted = rows.map(([value, count]) => ({
    value: value === null ? null : String(value),
    count: Number(count),
  }))
  return { values: counted.slice(0, limit), truncated: counted.length > limit }
}
