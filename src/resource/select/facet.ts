import { sql } from 'kysely'
import { allOf } from '../../condition/compile.ts'
import { prefixed } from '../../condition/language.ts'
import { shapeOf } from '../../condition/shape.ts'
import { Slot } from '../../database/statement.ts'
import { stateOf } from '../state.ts'
import type { Table } from '../table.ts'
import type { SelectionShape } from './selection.ts'

export interface FacetOptions {
  /** One of `groupNamesOf`. */
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

/** How many of the rows have each value of a field, in one statement. */
export async function countValues(
  { resource, builder, cache, runner }: Table,
  rows: SelectionShape,
  { field, prefix, limit }: FacetOptions,
): Promise<Facet> {
  const begun = prefix === undefined || prefix === '' ? [] : [prefixed('value', prefix)]
  const isOwn = resource.fields.some(({ name }) => name === field)
  const values = [...rows.values, ...shapeOf(begun).values, limit + 1]
  const statement = cache.get(`${resource.name}|facet|${field}|${begun.length}|${rows.key}`, () => {
    const value = isOwn ? sql`${sql.ref(field)}` : sql`(${stateOf(resource)}) collate "C"`
    // Without a limit PostgreSQL takes the two selects apart: an index that holds the field and the conditions can be read alone.
    return builder
      .selectFrom(builder.selectFrom(rows.build(builder).as('r')).select(value.as('value')).as('found'))
      .where(allOf(begun, rows.values.length))
      .select(['value', sql<string>`count(*)::text`.as('count')])
      .groupBy('value')
      .orderBy(sql`count(*)`, 'desc')
      .orderBy('value')
      .limit(sql<number>`${new Slot(values.length - 1)}`)
  })
  const answer = await runner.run(statement, values)
  const counted = answer.rows.map(([each, count]) => ({
    value: each === null ? null : String(each),
    count: Number(count),
  }))
  return { values: counted.slice(0, limit), truncated: counted.length > limit }
}
