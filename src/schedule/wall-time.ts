/** A time as a wall clock shows it, counted like epoch milliseconds: as if its zone were UTC. */
export type WallTime = number

/** Reads and writes the wall clock of one time zone; instants are epoch milliseconds. */
export interface WallClock {
  /** What it shows. */
  wallOf(instant: number): WallTime
  /** What it shows, as `YYYY-MM-DD HH:MM:SS`. */
  textOf(instant: number): string
  /** When it first shows this time; where it leaves it out, when it jumps over it. */
  startOf(wall: WallTime): number
  /** The last millisecond of the second in which it shows this for the last time; left out: the one before the jump. */
  endOf(wall: WallTime): number
}

/** How `parseWallTime` wants it, for schemas. */
export const wallTimePattern = '^\\d{4}-\\d{2}-\\d{2} \\d{2}:\\d{2}:\\d{2}$'

const wellFormed = new RegExp(wallTimePattern)

/** Reads `YYYY-MM-DD HH:MM:SS`; undefined for any other text, and for what no calendar or clock shows. */
export function parseWallTime(text: string): WallTime | undefined {
  if (!wellFormed.test(text)) return undefined
  const wall = Date.parse(`${text.replace(' ', 'T')}Z`)
  // 30 February and 24:00:00 are read as another time.
  return Number.isNaN(wall) || writeWallTime(wall) !== text ? undefined : wall
}

function writeWallTime(wall: WallTime): string {
  return new Date(wall)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, '')
}

const dayMs = 24 * 60 * 60 * 1000

/** The wall clock of an IANA time zone. Throws RangeError for any other name. */
export function createWallClock(timeZone: string): WallClock {
  const format = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' })
  const lookUp = (instant: number): number => readOffset(format.format(instant))
  let known = { from: 0, to: 0, offset: 0 }

  // Intl takes 6 µs, which ten thousand rows would feel; most of them are of the same day, in which nothing changes.
  function offsetAt(instant: number): number {
    if (instant >= known.from && instant < known.to) return known.offset
    const from = Math.floor(instant / dayMs) * dayMs
    const to = from + dayMs
    const offset = lookUp(from)
    if (offset !== lookUp(to)) return lookUp(instant)
    known = { from, to, offset }
    return offset
  }

  /** Both instants where the clock is put back over this time, none where it is put forward over it. */
  function instantsOf(wall: WallTime): readonly number[] {
    return [offsetAt(wall - dayMs), offsetAt(wall + dayMs)]
      .map(offset => wall - offset)
      .filter(instant => instant + offsetAt(instant) === wall)
  }

  /** The first instant with the offset that holds a day later; within two days it changes once. */
  function changeNear(wall: WallTime): number {
    const before = offsetAt(wall - dayMs)
    let low = wall - dayMs
    let high = wall + dayMs
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2)
      if (offsetAt(middle) === before) low = middle
      else high = middle
    }
    return high
  }

  const wallOf = (instant: number): WallTime => instant + offsetAt(instant)

  return {
    wallOf,
    textOf: instant => writeWallTime(wallOf(instant)),
    startOf(wall) {
      const shown = instantsOf(wall)
      return shown.length > 0 ? Math.min(...shown) : changeNear(wall)
    },
    endOf(wall) {
      const shown = instantsOf(wall)
      return shown.length > 0 ? Math.max(...shown) + 999 : changeNear(wall) - 1
    },
  }
}

const offsetText = /GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/

/** How far the clock is ahead of UTC, in milliseconds, from `…, GMT+08:05:43`. */
function readOffset(formatted: string): number {
  const [, sign, hours, minutes, seconds] = offsetText.exec(formatted) ?? []
  const size = (Number(hours ?? 0) * 60 + Number(minutes ?? 0)) * 60 + Number(seconds ?? 0)
  return (sign === '-' ? -size : size) * 1000
}
