/** The time zone in which a person reads and writes times. */
export type Zone = 'local' | 'utc'

/** Epoch milliseconds as `2026-03-31 23:33:20`, with a `Z` when UTC was asked for. */
export function timeText(ms: number, zone: Zone): string {
  const { text, suffix } = textIn(ms, zone)
  return `${text.replace(/\.\d+$/, '')}${zone === 'utc' ? suffix : ''}`
}

/** The same moment with milliseconds and offset: `2026-03-31 23:33:20.000+02:00`. */
export function exactTimeText(ms: number, zone: Zone): string {
  const { text, suffix } = textIn(ms, zone)
  return text + suffix
}

// The latest moment that a Date can hold in every zone.
const latest = 8.64e15 - 86_400_000

/** Whether a number can be shown as a moment. */
export function isMoment(value: number): boolean {
  return Math.abs(value) <= latest
}

function textIn(ms: number, zone: Zone): { readonly text: string; readonly suffix: string } {
  const offset = zone === 'utc' ? 0 : -new Date(ms).getTimezoneOffset()
  const text = new Date(ms + offset * 60_000).toISOString().slice(0, -1).replace('T', ' ')
  return { text, suffix: offset === 0 ? 'Z' : offsetText(offset) }
}

function offsetText(minutes: number): string {
  const two = (count: number): string => String(count).padStart(2, '0')
  const size = Math.abs(minutes)
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`
}

const minute = 60
const hour = 60 * minute
const day = 24 * hour

/** A length of time in milliseconds for a person: `12 ms`, `1.24 s`, `2 min 5 s`, `3 h`, `30 d`; null is `-`. */
export function durationText(ms: number | null): string {
  if (ms === null) return '-'
  if (ms < 1000) return `${ms} ms`
  // What rounds up to a minute is shown as one.
  if (ms < 59_995) return `${(ms / 1000).toFixed(2)} s`
  const seconds = Math.round(ms / 1000)
  if (seconds < hour) return `${Math.floor(seconds / minute)} min ${seconds % minute} s`
  if (seconds < day) return parts(seconds, [hour, 'h'], [minute, 'min'])
  return parts(seconds, [day, 'd'], [hour, 'h'])
}

type Unit = readonly [seconds: number, name: string]

function parts(seconds: number, [large, name]: Unit, [small, smallName]: Unit): string {
  const rest = Math.floor((seconds % large) / small)
  return `${Math.floor(seconds / large)} ${name}${rest === 0 ? '' : ` ${rest} ${smallName}`}`
}
