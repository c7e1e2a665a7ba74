import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { allOf } from '../../src/condition/compile.ts'
import { planConditions } from '../../src/condition/plan.ts'
import type { Predicate } from '../../src/condition/predicate.ts'
import { shapeOf } from '../../src/condition/shape.ts'
import { Slot } from '../../src/database/statement.ts'
import { jsResult } from '../../src/resource/kind/js-result.ts'
import { compiler } from './compiler.ts'
import { conditionClock, someCondition } from './random-condition.ts'

function predicatesOf(list: readonly unknown[]): readonly Predicate[] {
  const { language } = jsResult
  return planConditions(list, {
    language,
    path: 'q',
    maxConditions: 1000,
    allowAll: false,
    clock: conditionClock,
  }).predicates
}

const someFilters = fc.array(someCondition(jsResult), { maxLength: 4 })

function compile(predicates: readonly Predicate[], firstSlot = 0) {
  return compiler.selectFrom('t').select('id').where(allOf(predicates, firstSlot)).compile()
}

describe('a shape', () => {
  test('is the same when only the values differ', () => {
    const one = shapeOf(predicatesOf([{ js_worker_name: 'a' }, { or: [{ id: 1 }, { run_type_in: ['x'] }] }]))
    const other = shapeOf(
      predicatesOf([{ js_worker_name: 'b' }, { or: [{ id: 2 }, { run_type_in: ['y', 'z'] }] }]),
    )
    expect(one.key).toBe(other.key)
    expect(one.values).toEqual(['a', 1, ['x']])
    expect(other.values).toEqual(['b', 2, ['y', 'z']])
  })

  test.each([
    [[{ id: 1 }], [{ js_worker_id: 1 }]],
    [[{ start_time_from: 1 }], [{ start_time_to: 1 }]],
    [[{ start_time_from: 1 }], [{ finish_time_from: 1 }]],
    [[{ duration_from: 1 }], [{ duration_to: 1 }]],
    [[{ run_type: 'a' }], [{ run_type_like: 'a*' }]],
    [[{ run_type: 'a' }], [{ run_type_in: ['a'] }]],
    [['is_running'], ['is_failure']],
    [[{ and: [{ id: 1 }, { id: 2 }] }], [{ or: [{ id: 1 }, { id: 2 }] }]],
    [[{ id: 1 }], [{ not: { id: 1 } }]],
    [[{ not: { id: 1 } }, { id: 1 }], [{ not: { and: [{ id: 1 }, { id: 1 }] } }]],
    [[{ or: [{ id: 1 }, { id: 1 }] }, { id: 1 }], [{ or: [{ id: 1 }, { id: 1 }, { id: 1 }] }]],
  ])('differs between %j and %j', (one, other) => {
    expect(shapeOf(predicatesOf(one)).key).not.toBe(shapeOf(predicatesOf(other)).key)
  })

  test('says everything of the SQL: one shape, one text', () => {
    const texts = new Map<string, string>()
    fc.assert(
      fc.property(someFilters, filters => {
        const predicates = predicatesOf(filters)
        const { key } = shapeOf(predicates)
        const { sql } = compile(predicates)
        expect(texts.get(key) ?? sql).toBe(sql)
        texts.set(key, sql)
      }),
      { numRuns: 2000 },
    )
    expect(texts.size).toBeGreaterThan(200)
  })

  test('lists the values in the order of the slots, wherever those start', () => {
    const someStart = fc.nat({ max: 20 })
    fc.assert(
      fc.property(someFilters, someStart, (filters, start) => {
        const predicates = predicatesOf(filters)
        const slots = compile(predicates, start).parameters.map(slot => slot instanceof Slot && slot.index)
        expect(slots).toEqual(shapeOf(predicates).values.map((_, i) => start + i))
      }),
    )
  })
})
