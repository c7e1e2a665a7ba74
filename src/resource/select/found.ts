import { beyond, type Order } from '../../condition/cursor.ts'
import type { Plan } from '../../condition/plan.ts'
import type { Predicate } from '../../condition/predicate.ts'
import { invalidParams } from '../../errors.ts'
import type { Table, Walker } from '../table.ts'
import { type Access, filtered, resolveNames } from './access.ts'
import { countRows } from './count.ts'
import { type PlacedRow, readPlacedRows } from './read.ts'
import { type Selection, type SelectionShape, shapeRows, shapeSelection } from './selection.ts'
import { shownFields } from './shown-fields.ts'

/** The records that a plan finds and that the caller may read. */
export interface Found {
  readonly plan: Plan
  readonly access: Access
  readonly walker: Walker
}

export interface FoundOptions {
  readonly order: Order
  /** Where the rows begin, as disjoint predicates, see `beyond`; absent: with the first. */
  readonly starts?: readonly Predicate[] | undefined
  readonly limit: number
  /** The only members of each row; absent: all. */
  readonly fields?: readonly string[] | undefined
}

/** How permitted rows are read: merged by name where they have few, else filtered. */
export async function selectionOf(
  table: Table,
  access: Access,
  { order, starts, limit }: FoundOptions,
): Promise<Selection> {
  const names = access.names.everything ? undefined : await resolveNames(table, access.names)
  const predicates = names === undefined ? access.predicates : access.beside
  const segments = starts === undefined ? [predicates] : starts.map(start => [...predicates, start])
  return { segments, names, order, limit }
}

/** What is found as rows of all columns, to be counted: all of it in no order, or the newest where the plan has a limit. */
export async function shapeFound(table: Table, { limit }: Plan, access: Access): Promise<SelectionShape> {
  const { resource } = table
  if (limit === undefined) return shapeRows(resource, access.predicates)
  return shapeSelection(resource, await selectionOf(table, access, { order: 'newest', limit }))
}

/** The first rows of what was found. Throws RpcError 110 (reason `answer_too_large`). */
export async function readFound(
  { walker, access }: Found,
  options: FoundOptions,
): Promise<readonly PlacedRow[]> {
  const selection = await selectionOf(walker, access, options)
  return readPlacedRows(walker, selection, shownFields(walker.resource, options.fields))
}

const defaultPageSize = 100
const maxPageSize = 1000

export interface FoundPage {
  readonly rows: readonly PlacedRow[]
  /** The last of them, where the next page begins behind it; undefined: there is no next page. */
  readonly last: PlacedRow | undefined
}

/** A page of what was found: of as many rows as the plan's limit says. Throws RpcError -32602 (reason `empty_page`). */
export async function readPage(found: Found, options: Omit<FoundOptions, 'limit'>): Promise<FoundPage> {
  const { limit, last } = found.plan
  if (limit === 0) throw invalidParams('query.condition', 'a page has at least one row', 'empty_page')
  const size = Math.min(limit ?? defaultPageSize, maxPageSize)
  // One more than asked for tells whether there is a next page.
  const all = await readFound(found, { ...options, limit: size + 1 })
  const rows = all.slice(0, size)
  return { rows, last: all.length > size && !last ? rows.at(-1) : undefined }
}

export interface WalkOptions extends Omit<FoundOptions, 'limit' | 'starts'> {
  /** Rows in all; absent: every one. */
  readonly most?: number
  /** Rows at once. */
  readonly size?: number
  /** Bytes that the rows read at once may take; default 16 MiB. */
  readonly maxBytes?: number
}

/** What was found, so many rows at a time that they never fill our memory. */
export async function* walkFound(
  { walker, ...found }: Found,
  { most = Number.MAX_SAFE_INTEGER, size = 10_000, maxBytes, ...options }: WalkOptions,
): AsyncGenerator<readonly PlacedRow[]> {
  const { ordering } = walker.resource
  const walked = { ...found, walker: { ...walker, maxBytes } }
  let starts: readonly Predicate[] | undefined
  for (let left = most; left > 0; left -= size) {
    const limit = Math.min(left, size)
    const rows = await readFound(walked, { ...options, starts, limit })
    yield rows
    const last = rows.at(-1)
    if (last === undefined || rows.length < limit) return
    starts = beyond({ order: options.order, ...last }, ordering)
  }
}

/** Those of what was found that fulfil one more predicate; not merged by name. */
export function narrowed(found: Found, predicate: Predicate): Found {
  return { ...found, access: filtered([...found.access.predicates, predicate]) }
}

/** How many there are; never more than `limit`, where there is one. */
export function countFound({ walker, access }: Found, limit?: number): Promise<number> {
  return countRows(walker, access.predicates, limit)
}
