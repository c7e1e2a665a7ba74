import { describe, expect, test } from 'vitest'
import { systemClock } from '../../src/async/clock.ts'
import { matchCost } from '../../src/condition/match.ts'
import { equal, not, or, type Predicate } from '../../src/condition/predicate.ts'
import { createMatchBudget } from '../../src/stream/match-budget.ts'
import { wantedOf } from '../../src/stream/wanted.ts'

const text = (wanted: string): Predicate => ({ type: 'text_contains', column: 'error_message', text: wanted })
const payload = (wanted: unknown): Predicate => ({
  type: 'json_contains',
  column: 'param',
  json: JSON.stringify(wanted),
})

describe('what a row costs to match', () => {
  test('is one for a comparison, more for a search, and adds up', () => {
    expect(matchCost([])).toBe(0)
    expect(matchCost([equal('id', 1), not(equal('id', 2))])).toBe(2)
    expect(matchCost([or(text('a'), text('b'), not(text('c')))])).toBe(30)
    expect(matchCost([payload({ a: 1, b: [1, 2, 3] })])).toBe(16)
  })

  test('is high for objects in lists, which are compared with all that a row has', () => {
    expect(matchCost([payload(Array(100).fill({ a: 1 }))])).toBeGreaterThan(50_000)
    expect(matchCost([payload(Array(100).fill(1))])).toBeLessThan(200)
  })
})

describe('the budget of subscriptions', () => {
  const costly = (n: number) =>
    wantedOf([or(...Array.from({ length: 20 }, (_, i) => text(`${n} ${i}`)))], systemClock)

  test('ends for a token at its limit, and not for another one', () => {
    const budget = createMatchBudget({ token: 1000, server: 10_000 })
    const ends: (() => void)[] = []
    const takeAll = (token: string): number => {
      for (let n = 0; ; n++) {
        try {
          ends.push(budget.take({ token, wanted: costly(n) }))
        } catch (error) {
          expect(error).toMatchObject({
            code: 110,
            data: { reason: 'subscriptions_too_costly', retryable: false, max: 1000 },
          })
          return n
        }
      }
    }
    expect(takeAll('one')).toBe(4)
    expect(takeAll('other')).toBe(4)
    ends[0]?.()
    expect(() => budget.take({ token: 'one', wanted: costly(9) })).not.toThrow()
  })

  test('counts those that want the same once', () => {
    const budget = createMatchBudget({ token: 1000, server: 10_000 })
    const ends = Array.from({ length: 30 }, () => budget.take({ token: 'one', wanted: costly(1) }))
    for (const end of ends) end()
    for (let n = 0; n < 4; n++) budget.take({ token: 'one', wanted: costly(n) })
    expect(() => budget.take({ token: 'one', wanted: costly(4) })).toThrow()
  })

  test('ends for all at that of the server, which a retry may pass', () => {
    const budget = createMatchBudget({ token: 1000, server: 1500 })
    for (let n = 0; n < 5; n++) budget.take({ token: `${n}`, wanted: costly(n) })
    expect(() => budget.take({ token: 'next', wanted: costly(1) })).not.toThrow()
    const last = (): void => void budget.take({ token: 'last', wanted: costly(1) })
    expect(last).toThrow(
      expect.objectContaining({
        data: expect.objectContaining({ reason: 'server_subscriptions_too_costly', retryable: true }),
      }),
    )
  })
})
