import { type Expression, type RawBuilder, sql } from 'kysely'
import { RpcError } from '../errors.ts'

/**
 * What is left out of an answer: rows larger than `bytes` each, or those with which the rows so far take more.
 * Postgres leaves them out: a gigabyte of rows would fill our memory, and one text of 512 MiB ends the process inside
 * the driver.
 */
export interface Bound {
  readonly measure: 'each' | 'together'
  readonly bytes: number
}

/** Whatever was read, and how many rows the bound left out. */
export interface Bounded {
  readonly leftOut: number
}

/**
 * Reads within `maxBytes` of rows. To measure each row costs next to nothing and is enough when none is larger than
 * its share; the sum costs a quarter more, and is only asked for after that.
 * Throws RpcError 110 (reason `answer_too_large`).
 */
export async function readWithin<T extends Bounded>(
  { maxBytes, limit }: { readonly maxBytes: number; readonly limit: number },
  read: (bound: Bound) => Promise<T>,
): Promise<T> {
  const each = await read({ measure: 'each', bytes: Math.floor(maxBytes / limit) })
  if (each.leftOut === 0) return each
  const together = await read({ measure: 'together', bytes: maxBytes })
  if (together.leftOut === 0) return together
  throw new RpcError('busy', 'the answer is too large; ask for fewer rows', {
    reason: 'answer_too_large',
    started: true,
  })
}

/** What a bound's `bytes` are compared with: UTF-8 bytes of one `text`, or of all up to and with this one. */
export function measureOf({ measure }: Bound, text: Expression<unknown>): RawBuilder<number> {
  const own = sql<number>`octet_length(${text})`
  return measure === 'each' ? own : sql<number>`sum(${own}) over (rows unbounded preceding)`
}
