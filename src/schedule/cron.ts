import { CronDate, type CronExpression, type CronExpressionOptions, CronExpressionParser } from 'cron-parser'
import { cronTextFault, plainCron } from './cron-text.ts'

export interface Schedule {
  /** Five or six fields; six begin with seconds. */
  readonly cron: string
  /** An IANA time zone. */
  readonly tz: string
}

/** The most characters of a schedule: enough to list every value of every field. */
export const maxCronLength = 512

/**
 * Why `cron` is no schedule, or undefined when it is one: minute, hour, day of month, month, day of week, with the
 * seconds in front where there are six; `*`, lists, ranges, steps, `?`, names such as `MON`, `L` (last) and `1#2` (the
 * second Monday), or a word such as @daily. Blanks and tabs separate and surround. What would not mean what it says
 * (ranges that run backwards, steps beyond their field) or never comes (30 February) is refused.
 */
export function cronFault(cron: string): string | undefined {
  if (cron.length > maxCronLength) return `must have at most ${maxCronLength} characters`
  const fault = cronTextFault(cron)
  if (fault !== undefined) return fault
  try {
    nextWall(cron, 0)
    return undefined
  } catch {
    return 'is no schedule, or one that never comes'
  }
}

/**
 * When the schedule comes next, strictly after `afterMs`; both epoch milliseconds. Where the clocks change, a schedule
 * of every hour goes on by elapsed time. Any other comes once for each of its times: those that are left out come
 * together when the clock jumps, and those that are repeated only the first time.
 */
export function nextFire({ cron, tz }: Schedule, afterMs: number): number {
  // cron-parser's own rules for zones loop, leave out or repeat times where clocks change by half an hour.
  if (parse(cron).fields.hour.values.length === 24) return nextShown(cron, tz, afterMs)
  let wall = firstWall(tz, afterMs)
  for (;;) {
    wall = nextWall(cron, wall)
    const fire = instantOf(tz, wall)
    if (fire > afterMs) return fire
  }
}

/** When the wall clock next shows a time of the schedule, even a second time. */
function nextShown(cron: string, tz: string, afterMs: number): number {
  for (let from = afterMs; ; ) {
    // Of the moment that follows: with it a new offset may begin.
    const offset = offsetAt(tz, from + 1)
    const fire = nextWall(cron, from + offset) - offset
    if (offsetAt(tz, fire) === offset) return fire
    from = changeBetween(tz, from + 1, fire) - 1
  }
}

/** A wall clock's time is counted like epoch milliseconds: as if its zone were UTC. */
function nextWall(cron: string, wall: number): number {
  return parse(cron, { tz: 'UTC', currentDate: new Date(wall) })
    .next()
    .getTime()
}

function parse(cron: string, options: CronExpressionOptions = {}): CronExpression {
  return CronExpressionParser.parse(plainCron(cron), options)
}

const dayMs = 24 * 60 * 60 * 1000

/** The latest time that the wall clock has shown by now: after a step back more than it shows. */
function firstWall(tz: string, now: number): number {
  const wall = now + offsetAt(tz, now)
  const earlier = offsetAt(tz, now - dayMs)
  if (earlier <= wall - now) return wall
  const change = changeBetween(tz, now - dayMs, now)
  return Math.max(wall, change - 1 + earlier)
}

/** When the wall clock first shows this time; where it leaves it out, when it jumps. */
function instantOf(tz: string, wall: number): number {
  const before = offsetAt(tz, wall - dayMs)
  const after = offsetAt(tz, wall + dayMs)
  const shown = [wall - before, wall - after].filter(instant => instant + offsetAt(tz, instant) === wall)
  return shown.length > 0 ? Math.min(...shown) : changeBetween(tz, wall - dayMs, wall + dayMs)
}

/** The first instant with the offset of `late`; the offset changes once in between. */
function changeBetween(tz: string, early: number, late: number): number {
  const offset = offsetAt(tz, early)
  let low = early
  let high = late
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (offsetAt(tz, middle) === offset) low = middle
    else high = middle
  }
  return high
}

/** How far the wall clock is ahead of UTC, in milliseconds. */
function offsetAt(tz: string, instant: number): number {
  return Math.round(new CronDate(instant, tz).getUTCOffset() * 60_000)
}
