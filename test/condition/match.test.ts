import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { containsJson } from '../../src/condition/json-contains.ts'
import { allMatch, compileMatcher, type MatchedRow } from '../../src/condition/match.ts'
import { planConditions } from '../../src/condition/plan.ts'
import { equal, isNotNull, isNull, not } from '../../src/condition/predicate.ts'
import { parseJson } from '../../src/json.ts'
import { resources } from '../../src/resource/kind/index.ts'
import type { Resource } from '../../src/resource/resource.ts'
import { someRow } from '../resource/random-row.ts'
import { jsonbText, matches, splitList, type WireRow } from '../resource/reference.ts'
import { conditionClock, someConditionList } from './random-condition.ts'

function inMemory(row: WireRow): MatchedRow {
  const nulls = Object.keys(row).filter(name => row[name] === null)
  return { members: row, nulls: new Set(nulls), payloadText: name => jsonbText(row[name]) }
}

describe('conditions in memory', () => {
  test.each(resources)('match the rows of $name that the reference matches', resource => {
    const { key } = resource.ordering
    const rows = fc.sample(someRow(resource), 200).map((row, i): WireRow => ({ [key]: i + 1, ...row }))
    let telling = 0
    fc.assert(
      fc.property(someConditionList(resource), list => {
        const { filters } = splitList(list)
        const matcher = allMatch(planOf(resource, filters), conditionClock)
        const found = rows.filter(row => matcher(inMemory(row)))
        if (found.length > 0 && found.length < rows.length) telling++
        expect(found).toEqual(rows.filter(row => filters.every(filter => matches(row, filter))))
      }),
      { numRuns: 400 },
    )
    expect(telling).toBeGreaterThan(100)
  })

  test('tell a column that is null from one that holds a JSON null', () => {
    const returnedNull = { members: { result: null }, nulls: new Set<string>(), payloadText: () => 'null' }
    const running = { members: { result: null }, nulls: new Set(['result']), payloadText: () => 'null' }
    expect(
      [isNull('result'), isNotNull('result')].map(each => compileMatcher(each, conditionClock)(returnedNull)),
    ).toEqual([false, true])
    expect(
      [isNull('result'), isNotNull('result')].map(each => compileMatcher(each, conditionClock)(running)),
    ).toEqual([true, false])
    const contains = compileMatcher({ type: 'json_contains', column: 'result', json: 'null' }, conditionClock)
    expect([returnedNull, running].map(row => contains(row))).toEqual([true, false])
    expect(compileMatcher(not(equal('result', 'x')), conditionClock)(running)).toBe(true)
  })

  test.each([
    ['[1,2,[3]]', '2', true],
    ['[1,2,[3]]', '3', false],
    ['[1,2,[3]]', '[2]', true],
    ['[1,2,[3]]', '[[3]]', true],
    ['{"a":[1,{"b":2,"c":3}]}', '{"a":[{"b":2}]}', true],
    ['{"a":[1]}', '{"a":1}', false],
    ['{"a":1}', '{}', true],
    ['[]', '{}', false],
    ['{"a":null}', '{"a":null}', true],
    ['{"a":1}', '{"toString":null}', false],
    ['9007199254740993', '9007199254740992', false],
    ['9007199254740993', '9007199254740993.0', true],
    ['[9007199254740993]', '9007199254740993', true],
    ['-9007199254740993', '9007199254740993', false],
    ['1.0', '1', true],
  ])('find that %s contains %s: %s, as jsonb does', (held, wanted, contained) => {
    expect(containsJson(parseJson(held), parseJson(wanted))).toBe(contained)
  })
})

function planOf(resource: Resource, condition: readonly unknown[]) {
  const { language } = resource
  return planConditions(condition, {
    language,
    path: 'condition',
    maxConditions: 1000,
    allowAll: false,
    filtersOnly: true,
  }).predicates
}
