import { invalidParams, type RpcError } from '../errors.ts'
import { and, isNotNull, isNull, type Predicate } from './predicate.ts'
import { timestampOf } from './value.ts'

/** `newest`: time descending, nulls last, key descending. `oldest`: the exact reverse. */
export type Order = 'newest' | 'oldest'

/** The columns that order a resource's records; the key is unique, so the order is total. */
export interface Ordering {
  readonly time: string
  readonly timeNullable: boolean
  readonly key: string
}

/** The last record of a page: what the next one begins behind. `time`: epoch milliseconds. */
export interface Position {
  readonly order: Order
  readonly time: number | null
  readonly key: number
  /** The page was read from the primary although there is a replica: the next one has to be, too. */
  readonly onPrimary?: boolean
}

const version = 1

/** An opaque text for `after`. */
export function encodeCursor({ order, time, key, onPrimary }: Position): string {
  const where = onPrimary === true ? ['primary'] : []
  return Buffer.from(JSON.stringify([version, order, time, key, ...where])).toString('base64url')
}

/** Throws RpcError -32602 (reason `bad_cursor`) at `path` for anything `encodeCursor` did not make for this order. */
export function decodeCursor(text: string, order: Order, path: string): Position {
  const [madeBy, madeFor, time, key, where] = readArray(text)
  const isTime = time === null || Number.isSafeInteger(time)
  if (madeBy !== version || madeFor !== order || !isTime || !Number.isSafeInteger(key)) {
    throw badCursor(order, path)
  }
  const known = { order, time: time as number | null, key: key as number }
  const position: Position = where === 'primary' ? { ...known, onPrimary: true } : known
  // Base64 and JSON are read leniently; one position has one text.
  if (encodeCursor(position) !== text) throw badCursor(order, path)
  return position
}

function badCursor(order: Order, path: string): RpcError {
  return invalidParams(path, `not a cursor for the order "${order}"`, 'bad_cursor')
}

function readArray(text: string): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString())
    return Array.isArray(value) ? value : []
  } catch {
    return []
  }
}

/**
 * The records behind `position`, as disjoint predicates that one index range each can serve.
 * (`time < t or time is null` in one predicate would read the whole index.)
 */
export function beyond(position: Position, { time, timeNullable, key }: Ordering): readonly Predicate[] {
  const side = position.order === 'newest' ? 'before' : 'after'
  if (position.time !== null) {
    const values = [timestampOf(position.time), position.key]
    const rows: Predicate = { type: side, columns: [time, key], values }
    return side === 'before' && timeNullable ? [rows, isNull(time)] : [rows]
  }
  const rows = and(isNull(time), { type: side, columns: [key], values: [position.key] })
  return side === 'after' ? [rows, isNotNull(time)] : [rows]
}
