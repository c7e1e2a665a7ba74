import { z } from 'zod'

/** The times a record may have: the years 1 to 9999, which both engines and ISO 8601 can write. */
const earliest = -62_135_596_800_000
const latest = 253_402_300_799_999

/** A time of a record: epoch milliseconds within the years 1 to 9999. */
export const recordTime = z.int().min(earliest).max(latest)

/** A time to compare with: any whole number of epoch milliseconds. */
export const comparedTime = z.int()

const unitMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const
type Unit = keyof typeof unitMs

// So many digits that none goes beyond a few centuries.
const spanText = /^(?:\d{1,13}ms|\d{1,10}s|\d{1,8}m|\d{1,6}h|\d{1,5}d|\d{1,4}w)$/

/** A length of time: `24h`; in milliseconds once it is parsed. */
export const timeSpan = z
  .string()
  .regex(spanText, 'expected a whole number, at most 9999w or 99999d, and one of ms, s, m, h, d, w: "24h"')
  .transform(millisecondsOf)

function millisecondsOf(text: string): number {
  const [, count, unit] = /^(\d+)(.*)$/.exec(text) ?? []
  // The pattern lets no other unit through.
  return Number(count) * unitMs[unit as Unit]
}

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
