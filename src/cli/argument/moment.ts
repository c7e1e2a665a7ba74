import { UsageError } from '../terminal/failure.ts'
import type { Zone } from '../terminal/time-text.ts'

const unitMs: ReadonlyMap<string, number> = new Map([
  ['ms', 1],
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
  ['w', 604_800_000],
])

const amount = /^(\d+(?:\.\d+)?)(ms|s|m|h|d|w)$/
const wholeMs = /^-?\d+$/
const iso = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)?)?$/

/**
 * The milliseconds of a length of time: `1500` (already milliseconds), `90s`, `15m`, `1.5h`, `7d`.
 * Throws UsageError that starts with `name`.
 */
export function parseDuration(text: string, name: string): number {
  if (wholeMs.test(text)) return Number(text)
  const duration = durationOf(text)
  if (duration !== undefined) return duration
  throw new UsageError(`${name}: expected a length of time such as 1500 (ms), 90s, 15m or 2h, not "${text}"`)
}

/**
 * Epoch milliseconds of a moment: `1775000000000`, `2026-01-01`, `2026-01-01T12:00:00Z`, `2026-01-01 12:00:00` (in the
 * zone in which times are shown), `now`, `-1h` or `+1h` from `now`. Throws UsageError that starts with `name`.
 */
export function parseMoment(text: string, { now, zone, name }: MomentOptions): number {
  if (text === 'now') return now
  const relative = /^[+-]/.test(text) ? durationOf(text.slice(1)) : undefined
  if (relative !== undefined) return text.startsWith('-') ? now - relative : now + relative
  if (wholeMs.test(text)) return Number(text)
  const moment = isoMoment(text, zone)
  if (moment !== undefined) return moment
  throw new UsageError(
    `${name}: expected a time such as 2026-01-01T12:00:00Z, 1775000000000 (epoch ms) or -1h, not "${text}"`,
  )
}

export interface MomentOptions {
  /** Epoch milliseconds. */
  readonly now: number
  readonly zone: Zone
  /** What the time is given for. */
  readonly name: string
}

function durationOf(text: string): number | undefined {
  const [, count, unit] = amount.exec(text) ?? []
  const ms = unit === undefined ? undefined : unitMs.get(unit)
  return ms === undefined ? undefined : Math.round(Number(count) * ms)
}

function isoMoment(text: string, zone: Zone): number | undefined {
  const match = iso.exec(text)
  if (match === null || !isCalendarDay(text.slice(0, 10))) return undefined
  const [day, time = '00:00'] = text.split(/[T ]/)
  // ECMAScript takes a time without an offset as local, but a day as UTC.
  const moment = Date.parse(`${day}T${time}${zone === 'utc' && match[1] === undefined ? 'Z' : ''}`)
  return Number.isNaN(moment) ? undefined : moment
}

/** ECMAScript takes 30 February for 2 March. */
function isCalendarDay(day: string): boolean {
  const moment = Date.parse(day)
  return !Number.isNaN(moment) && new Date(moment).toISOString().startsWith(day)
}

/** The parser of an option whose value is a length of time in milliseconds: `1500`, `90s`, `15m`. */
export function durationOption(name: string): (text: string) => number {
  return text => parseDuration(text, name)
}
