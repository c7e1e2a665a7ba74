import { type Expression, sql } from 'kysely'
import { allOf } from '../../condition/compile.ts'
import { shapeOf } from '../../condition/shape.ts'
import { Slot } from '../../database/statement.ts'
import type { Resource } from '../resource.ts'
import type { Found } from './found.ts'
import { readShape } from './read.ts'
import type { SelectionShape } from './selection.ts'
import { shownFields } from './shown-fields.ts'

/** Rows in an order that need not be the resource's own, from the `offset`-th on. */
export interface SortedRows {
  /** A field; texts go by their bytes. Ties go by the resource's time, then by its key, in the same direction. */
  readonly sortBy: string
  readonly order: 'asc' | 'desc'
  readonly limit: number
  readonly offset: number
  /** The only members of each row. */
  readonly fields: readonly string[]
}

/** Those of what was found, as JSON texts. Throws RpcError 110 (reason `answer_too_large`). */
export async function readSortedRows(found: Found, sorted: SortedRows): Promise<readonly string[]> {
  const fields = shownFields(found.walker.resource, sorted.fields)
  const rendering = { shape: shapeSorted(found, sorted), limit: sorted.limit, fields, placed: false }
  const rows = await readShape(found.walker, rendering)
  return rows.map(([text]) => String(text))
}

function shapeSorted({ walker: { resource }, access }: Found, sorted: SortedRows): SelectionShape {
  const { sortBy, order, limit, offset } = sorted
  const { predicates } = access
  const { key, values } = shapeOf(predicates)
  const { time, key: id } = resource.ordering
  const terms = [...new Set([sortBy, time, id])]
  return {
    key: `sorted|${sortBy}|${order}|${key}`,
    values: [...values, limit, offset],
    build: builder =>
      terms
        .reduce(
          (rows, term) => rows.orderBy(sortTerm(resource, term), order),
          builder
            .selectFrom(resource.table)
            .select(resource.fields.map(field => field.name))
            .where(allOf(predicates)),
        )
        .limit(sql<number>`${new Slot(values.length)}`)
        .offset(sql<number>`${new Slot(values.length + 1)}`),
  }
}

// Prose is kept in the database's own collation, which differs from one to the next.
function sortTerm({ fields }: Resource, name: string): Expression<unknown> {
  const isProse = fields.some(field => field.name === name && field.kind === 'text')
  return isProse ? sql`${sql.ref(name)} collate "C"` : sql.ref(name)
}
