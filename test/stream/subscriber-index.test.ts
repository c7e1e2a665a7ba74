import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { allMatch, type MatchedRow } from '../../src/condition/match.ts'
import { planConditions } from '../../src/condition/plan.ts'
import type { Predicate } from '../../src/condition/predicate.ts'
import { serviceEvent } from '../../src/resource/service-event.ts'
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
}))

describe('the index of subscribers', () => {
  it('asks everybody whom a row concerns, nobody twice, and nobody who has left', () => {
    const some = fc.array(fc.tuple(somePredicates, fc.boolean()), { minLength: 1, maxLength: 20 })
    fc.assert(
      fc.property(some, all => {
        const index = createSubscriberIndex<readonly Predicate[]>()
        for (const [predicates] of all) index.add(predicates, predicates)
        for (const [predicates, leaves] of all) if (leaves) index.remove(predicates)
        for (const row of rows) {
          const asked: (readonly Predicate[])[] = []
          index.visit(row, predicates => void asked.push(predicates))
          expect(new Set(asked).size).toBe(asked.length)
          const concerned = all.filter(([each, leaves]) => !leaves && allMatch(each)(row))
          expect(asked).toEqual(expect.arrayContaining(concerned.map(([each]) => each)))
          const gone = all.filter(([, leaves]) => leaves).map(([each]) => each)
          expect(asked.filter(each => gone.includes(each))).toEqual([])
        }
      }),
      { numRuns: 60 },
    )
  })

  it('does not ask who wants another value', () => {
    const index = createSubscriberIndex<string>()
    const equal = (value: string): Predicate => ({ type: 'equal', column: 'service_id', value })
    for (let i = 0; i < 1000; i++) index.add(`s${i}`, [equal(`s${i}`)])
    index.add('two', [{ type: 'any', column: 'service_id', values: ['s1', 's2', 's2'] }])
    const asked: string[] = []
    index.visit({ members: { service_id: 's2' }, nulls: new Set() }, each => void asked.push(each))
    expect(asked.toSorted()).toEqual(['s2', 'two'])
  })
})
