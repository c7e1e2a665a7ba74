import { type Expression, type RawBuilder, sql } from 'kysely'
import { RpcError } from '../../errors.ts'
import { roomForRows } from '../../fairness/answer-memory.ts'

/**
 * What is left out of an answer: each row larger than `bytes`, or all rows beyond a sum of `bytes`.
 * Postgres leaves them out: a gigabyte of rows would fill our memory, and one text of 512 MiB ends the process inside
 * the driver.
 */
export interface Bound {
  readonly measure: 'each' | 'together'
  readonly bytes: number
}

/** The result of a read, and how many rows the bound left out. */
export interface Bounded {
  readonly leftOut: number
  /** What the others take, in UTF-16 units. */
  readonly units: number
}

/** Most answers stay within this. Larger ones are read after all the room they may take was set aside. */
function likelyBytes(limit: number): number {
  return Math.max(2 * 1024 * 1024, limit * 8 * 1024)
}

/**
 * Reads at most `maxBytes` of rows. Measuring each row costs next to nothing and is enough when no row is larger than
 * its share; measuring the sum costs a quarter more and is the second try. Room for the rows is set aside before they are read.
 * Throws RpcError 110 (reason `answer_too_large`).
 */
export async function readWithin<T extends Bounded>(
  { maxBytes, limit, likely = likelyBytes(limit) }: Extent,
  read: (bound: Bound) => Promise<T>,
): Promise<T> {
  const room = Math.min(maxBytes, likely)
  const each = await readInRoom(room, () => read({ measure: 'each', bytes: Math.floor(room / limit) }))
  if (each.leftOut === 0) return each
  const together = await readInRoom(maxBytes, () => read({ measure: 'together', bytes: maxBytes }))
  if (together.leftOut === 0) return together
  throw answerTooLarge()
}

interface Extent {
  readonly maxBytes: number
  /** How many rows there are at most. */
  readonly limit: number
  /** What they are read within at first. */
  readonly likely?: number | undefined
}

export function answerTooLarge(): RpcError {
  return new RpcError('answer_too_large', 'the answer is too large; ask for fewer rows', { started: true })
}

async function readInRoom<T extends Bounded>(bytes: number, read: () => Promise<T>): Promise<T> {
  const room = await roomForRows(bytes)
  if (room === undefined) return read()
  let kept = 0
  try {
    const found = await read()
    // Else the rows are read again, or the answer is refused.
    if (found.leftOut === 0) kept = found.units
    return found
  } finally {
    room.keep(kept)
  }
}

/** What a bound's `bytes` are compared with: UTF-8 bytes of one `text`, or of all up to and with this one. */
export function measureOf({ measure }: Bound, text: Expression<unknown>): RawBuilder<number> {
  const own = sql<number>`octet_length(${text})`
  return measure === 'each' ? own : sql<number>`sum(${own}) over (rows unbounded preceding)`
}
