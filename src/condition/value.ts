import { z } from 'zod'

/** The times a record may have: the years 1 to 9999, which both engines and ISO 8601 can write. */
const earliest = -62_135_596_800_000
const latest = 253_402_300_799_999

/** A time of a record: epoch milliseconds within the years 1 to 9999. */
export const recordTime = z.int().min(earliest).max(latest)

/** A time to compare with: any whole number of epoch milliseconds. */
export const comparedTime = z.int()

/** The timestamptz text of epoch milliseconds; beyond the times of records it is `±infinity`. */
export function timestampOf(milliseconds: number): string {
  if (milliseconds < earliest) return '-infinity'
  if (milliseconds > latest) return 'infinity'
  return new Date(milliseconds).toISOString()
}

/** What `timestampOf` made, in epoch milliseconds. */
export function readTimestamp(text: string): number {
  if (text === 'infinity') return Number.POSITIVE_INFINITY
  return text === '-infinity' ? Number.NEGATIVE_INFINITY : Date.parse(text)
}
