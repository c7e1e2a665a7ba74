import { backoffMs } from '../async/backoff.ts'

export const monitorStates = ['ok', 'pending', 'firing', 'unknown'] as const

/** `pending`: the threshold is reached, but not yet for long enough; `unknown`: nothing was counted. */
export type MonitorState = (typeof monitorStates)[number]

/** Where a monitor stands; times in epoch milliseconds. */
export interface Standing {
  readonly state: MonitorState
  /** Since when it is in this state. */
  readonly since: number
  /** The event of its beginning was sent, and that of its end was not. */
  readonly isOpen: boolean
  /** Evaluations in a row that have failed. */
  readonly failures: number
}

/** How many records must be found. */
export type Threshold = { readonly at_least: number } | { readonly at_most: number }

export interface StateRule {
  readonly when: Threshold
  /** How long the threshold must have been reached, in milliseconds. */
  readonly for_ms: number
}

export interface Judgement {
  readonly standing: Standing
  /** What its event tells; absent: no event is sent. */
  readonly told?: 'firing' | 'ok'
}

/** Where a monitor stands once `count` records were found at `time`. */
export function judge(
  { when, for_ms: forMs }: StateRule,
  before: Standing,
  { count, time }: { readonly count: number; readonly time: number },
): Judgement {
  const { isOpen } = before
  const enter = (state: MonitorState): Standing => ({
    state,
    since: before.state === state ? before.since : time,
    isOpen,
    failures: 0,
  })
  if (!isReached(when, count)) {
    const ok = enter('ok')
    return isOpen ? { standing: { ...ok, isOpen: false }, told: 'ok' } : { standing: ok }
  }
  // It was firing before nothing could be counted: nobody is told twice.
  if (isOpen) return { standing: enter('firing') }
  const heldMs = before.state === 'pending' ? time - before.since : 0
  if (heldMs < forMs) return { standing: enter('pending') }
  return { standing: { ...enter('firing'), isOpen: true }, told: 'firing' }
}

/** Where it stands after an evaluation that failed. */
export function failed(before: Standing, time: number): Standing {
  const since = before.state === 'unknown' ? before.since : time
  return { ...before, state: 'unknown', since, failures: before.failures + 1 }
}

function isReached(when: Threshold, count: number): boolean {
  return 'at_least' in when ? count >= when.at_least : count <= when.at_most
}

/** The longest wait after failures, unless the monitor itself is rarer. */
const longestMs = 300_000

/** When it is evaluated again: at the next of its times after `now`, however many of them have passed since `due`. */
export function nextTime(everyMs: number, due: number, now: number): number {
  return due + (Math.floor((now - due) / everyMs) + 1) * everyMs
}

/** The same after failures in a row. */
export function nextTry(everyMs: number, failures: number, now: number): number {
  return now + backoffMs(failures, { firstMs: everyMs, longestMs: Math.max(everyMs, longestMs) })
}
