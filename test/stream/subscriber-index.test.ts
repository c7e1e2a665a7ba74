import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { systemClock } from '../../src/async/clock.ts'
import { allMatch, type MatchedRow } from '../../src/condition/match.ts'
import { planConditions } from '../../src/condition/plan.ts'
import type { Predicate } from '../../src/condition/predicate.ts'
import { jsResult } from '../../src/resource/kind/js-result.ts'
import { serviceEvent } from '../../src/resource/kind/service-event.ts'
import { createSubscriberIndex } from '../../src/stream/subscriber-index.ts'
import { someCondition } from '../condition/random-condition.ts'
import { randomRows } from '../resource/random-row.ts'

const somePredicates = fc.array(someCondition(serviceEvent), { maxLength: 3 }).map(list => {
  const { language } = serviceEvent
  const options = { language, path: '', maxConditions: 1000, allowAll: false, filtersOnly: true }
  return planConditions(list, options).predicates
})

const rows: readonly MatchedRow[] = randomRows(serviceEvent, 30).map((row, id) => ({
  members: { id, ...row },
  nulls: new Set(),
  payloadText: name => JSON.stringify(row[name]),
}))

describe('the index of subscribers', () => {
  it('asks everybody whom a row concerns, nobody twice, and nobody who has left', () => {
    const some = fc.array(fc.tuple(somePredicates, fc.boolean()), { minLength: 1, maxLength: 20 })
    fc.assert(
      fc.property(some, all => {
        const index = createSubscriberIndex<readonly Predicate[]>()
        const leave = all.map(([predicates]) => index.add(predicates, predicates))
        for (const [i, [, leaves]] of all.entries()) if (leaves) leave[i]?.()
        for (const row of rows) {
          const asked: (readonly Predicate[])[] = []
          index.visit(row, predicates => void asked.push(predicates))
          asked.push(...index.others)
          expect(new Set(asked).size).toBe(asked.length)
          const concerned = all.filter(([each, leaves]) => !leaves && allMatch(each, systemClock)(row))
          expect(asked).toEqual(expect.arrayContaining(concerned.map(([each]) => each)))
          const gone = all.filter(([, leaves]) => leaves).map(([each]) => each)
          expect(asked.filter(each => gone.includes(each))).toEqual([])
        }
      }),
      { numRuns: 60 },
    )
  })

  /** Whom a row of js-result is shown to, of those who want such conditions. */
  function askedOf(row: Record<string, unknown>, ...lists: readonly (readonly unknown[])[]) {
    const index = createSubscriberIndex<number>()
    for (const [i, list] of lists.entries()) index.add(i, predicatesOf(list))
    const asked: number[] = []
    index.visit(
      { members: row, nulls: new Set(), payloadText: name => JSON.stringify(row[name]), lowered: new Map() },
      each => void asked.push(each),
    )
    return [...asked, ...index.others].toSorted((a, b) => a - b)
  }

  it.each([
    ['another value', (i: number) => [{ js_worker_name: `w${i}` }]],
    ['others of a list', (i: number) => [{ js_worker_name_in: [`w${i}`, `w${i}`, `v${i}`] }]],
    ['names that begin otherwise', (i: number) => [{ js_worker_name_like: `w${i}*` }]],
    ['another text', (i: number) => [{ error_message_contains: `AT LINE ${i} OF` }]],
    ['another member of the payload', (i: number) => [{ param_contains: { shard: { number: i } } }]],
    [
      'a value of one column beside one that many want',
      (i: number) => [{ run_type: 'call' }, { js_worker_name: `w${i}` }],
    ],
    [
      'two values that many want each',
      (i: number) => [{ js_worker_name: `many${i % 30}` }, { js_worker_id: Math.floor(i / 30) }],
    ],
    ['either of two', (i: number) => [{ or: [{ js_worker_name: `w${i}` }, { js_worker_id: 1000 + i }] }]],
  ])('asks few who want %s', (_, conditionsOf) => {
    const row = {
      js_worker_name: 'w677',
      js_worker_id: 22,
      run_type: 'call',
      param: { shard: { number: 677 } },
      error_message: 'broke at line 677 of 900',
    }
    const lists = Array.from({ length: 900 }, (_, i) => conditionsOf(i))
    const many = { ...row, js_worker_name: 'many17' }
    expect(askedOf(row, ...lists).length).toBeLessThan(40)
    expect(askedOf(many, ...lists).length).toBeLessThan(40)
  })

  it('asks everybody once where there are more places to look at than it looks at', () => {
    const lists = Array.from({ length: 300 }, (_, i) => [{ param_contains: { [`m${i}`]: 1 } }])
    const asked = askedOf({ param: { m5: 1, m290: 1 } }, ...lists)
    expect(new Set(asked).size).toBe(asked.length)
    expect(asked).toEqual(expect.arrayContaining([5, 290]))
    expect(asked.length).toBeGreaterThan(200)
  })
})

function predicatesOf(conditions: readonly unknown[]): readonly Predicate[] {
  const { language } = jsResult
  const options = { language, path: '', maxConditions: 1000, allowAll: false, filtersOnly: true }
  return planConditions(conditions, options).predicates
}
