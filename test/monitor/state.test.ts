import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  failed,
  judge,
  type MonitorState,
  nextTime,
  nextTry,
  type Standing,
  type StateRule,
} from '../../src/monitor/state.ts'

const start: Standing = { state: 'unknown', since: 0, isOpen: false, failures: 0 }
const atLeast: StateRule = { when: { at_least: 3 }, for_ms: 0 }

interface Step {
  readonly time: number
  /** Undefined: the evaluation fails. */
  readonly count?: number
}

/** The states that a monitor goes through, with what it tells. */
function walk(rule: StateRule, steps: readonly Step[]): readonly string[] {
  let standing = start
  return steps.map(({ time, count }) => {
    const judged =
      count === undefined ? { standing: failed(standing, time) } : judge(rule, standing, { count, time })
    standing = judged.standing
    return 'told' in judged ? `${standing.state}!` : standing.state
  })
}

const each = (...counts: readonly (number | undefined)[]): readonly Step[] =>
  counts.map((count, i) => ({ time: i * 1000, ...(count !== undefined && { count }) }))

describe('a monitor', () => {
  test('tells that its threshold is reached, and that it no longer is, once each', () => {
    expect(walk(atLeast, each(0, 2, 3, 9, 3, 2, 0))).toEqual([
      'ok',
      'ok',
      'firing!',
      'firing',
      'firing',
      'ok!',
      'ok',
    ])
    expect(walk({ when: { at_most: 1 }, for_ms: 0 }, each(2, 1, 0, 2))).toEqual([
      'ok',
      'firing!',
      'firing',
      'ok!',
    ])
  })

  test('fires once the threshold has been reached for long enough', () => {
    const rule = { ...atLeast, for_ms: 2000 }
    expect(walk(rule, each(3, 3, 2, 3, 3, 3, 3))).toEqual([
      'pending',
      'pending',
      'ok',
      'pending',
      'pending',
      'firing!',
      'firing',
    ])
  })

  test('that cannot count does not know, and afterwards tells only what has changed', () => {
    expect(walk(atLeast, each(3, undefined, 3))).toEqual(['firing!', 'unknown', 'firing'])
    expect(walk(atLeast, each(3, undefined, undefined, 0))).toEqual(['firing!', 'unknown', 'unknown', 'ok!'])
    expect(walk(atLeast, each(0, undefined, 3))).toEqual(['ok', 'unknown', 'firing!'])
    const rule = { ...atLeast, for_ms: 1000 }
    // What was not counted did not hold.
    expect(walk(rule, each(3, undefined, 3, 3))).toEqual(['pending', 'unknown', 'pending', 'firing!'])
  })

  test('says since when it is in its state', () => {
    const firing = judge(atLeast, start, { count: 3, time: 5 }).standing
    expect(firing).toEqual({ state: 'firing', since: 5, isOpen: true, failures: 0 })
    expect(judge(atLeast, firing, { count: 4, time: 6 }).standing.since).toBe(5)
    const unknown = failed(firing, 7)
    expect(unknown).toEqual({ state: 'unknown', since: 7, isOpen: true, failures: 1 })
    expect(failed(unknown, 8)).toEqual({ state: 'unknown', since: 7, isOpen: true, failures: 2 })
    expect(judge(atLeast, unknown, { count: 0, time: 9 }).standing).toEqual({
      state: 'ok',
      since: 9,
      isOpen: false,
      failures: 0,
    })
  })

  test('tells begin and end by turns whatever it finds, and fires only after its time', () => {
    const found = fc.array(
      fc.record({ ms: fc.integer({ min: 1, max: 5000 }), count: fc.option(fc.nat(6), { nil: undefined }) }),
      { maxLength: 60 },
    )
    const rule = fc.record({ when: fc.constant({ at_least: 3 }), for_ms: fc.integer({ min: 0, max: 9000 }) })
    fc.assert(
      fc.property(rule, found, (rule, found) => {
        let standing = start
        let time = 0
        /** Since when every evaluation has reached the threshold. */
        let held: number | undefined
        let told: MonitorState = 'ok'
        for (const { ms, count } of found) {
          time += ms
          const isReached = count !== undefined && count >= 3
          held = isReached ? (held ?? time) : undefined
          const judged =
            count === undefined
              ? { standing: failed(standing, time) }
              : judge(rule, standing, { count, time })
          const { told: telling } = judged as ReturnType<typeof judge>
          const begins = told === 'ok' && held !== undefined && time - held >= rule.for_ms
          const ends = told === 'firing' && count !== undefined && count < 3
          expect(telling).toBe(begins ? 'firing' : ends ? 'ok' : undefined)
          told = telling ?? told
          standing = judged.standing
        }
      }),
    )
  })
})

describe('the next evaluation', () => {
  test('is one of the times that follow from the first, and one alone stands for all that were missed', () => {
    expect(nextTime(1000, 5000, 5000)).toBe(6000)
    expect(nextTime(1000, 5000, 5999)).toBe(6000)
    expect(nextTime(1000, 5000, 6000)).toBe(7000)
    expect(nextTime(1000, 5000, 93_000_500)).toBe(93_001_000)
  })

  test('is put off further after each failure, to five minutes, or to its own period', () => {
    const waits = [1, 2, 3, 9, 10, 99].map(failures => nextTry(1000, failures, 0))
    expect(waits).toEqual([1000, 2000, 4000, 256_000, 300_000, 300_000])
    expect([1, 5].map(failures => nextTry(3_600_000, failures, 0))).toEqual([3_600_000, 3_600_000])
  })
})
