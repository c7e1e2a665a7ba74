import { type Expression, sql } from 'kysely'
import { allOf } from '../../condition/compile.ts'
import type { Predicate } from '../../condition/predicate.ts'
import { shapeOf } from '../../condition/shape.ts'
import { Slot } from '../../database/statement.ts'
import type { Resource, ResourceField } from '../resource.ts'
import { type Reader, readShape } from './read.ts'
import type { SelectionShape } from './selection.ts'

/** Rows in an order that need not be the resource's own, from the `offset`-th on. */
export interface SortedRows {
  readonly predicates: readonly Predicate[]
  /** A field; texts go by their bytes. Ties go by the resource's time, then by its key, in the same direction. */
  readonly sortBy: string
  readonly order: 'asc' | 'desc'
  readonly limit: number
  readonly offset: number
}

/** The rows with only the members `fields`, as JSON texts. Throws RpcError 110 (reason `answer_too_large`). */
export async function readSortedRows(
  reader: Reader,
  fields: readonly ResourceField[],
  sorted: SortedRows,
): Promise<readonly string[]> {
  const shape = shapeSorted(reader.resource, sorted)
  const rows = await readShape(reader, { shape, limit: sorted.limit, fields, placed: false })
  return rows.map(([text]) => String(text))
}

function shapeSorted(resource: Resource, sorted: SortedRows): SelectionShape {
  const { predicates, sortBy, order, limit, offset } = sorted
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
