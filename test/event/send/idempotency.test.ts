import fc from 'fast-check'
import { expect, test } from 'vitest'
import { canonicalJson } from '../../../src/event/send/idempotency.ts'
import { parseJson } from '../../../src/json.ts'

function isSame(a: string, b: string): boolean {
  return canonicalJson(parseJson(a)) === canonicalJson(parseJson(b))
}

test.for([
  ['{"a":1,"b":[{"c":2,"d":3}]}', '{ "b": [{"d":3, "c":2}], "a":1 }'],
  ['[1,100,0.5,0]', '[1.0,1e2,5e-1,-0.0]'],
  ['9007199254740993', '9007199254740993.0'],
  ['1e400', '10e399'],
  ['"é"', '"\\u00e9"'],
] as const)('%s and %s are the same value', ([a, b]) => {
  expect(isSame(a, b)).toBe(true)
})

test.for([
  ['1', '"1"'],
  ['null', '0'],
  ['[]', '{}'],
  ['[1,2]', '[2,1]'],
  ['{"a":null}', '{}'],
  ['9007199254740992', '9007199254740993'],
  ['1e400', '-1e400'],
  ['"e\\u0301"', '"é"'],
  ['{"a":{"b":1}}', '{"a":1,"b":1}'],
] as const)('%s and %s are not', ([a, b]) => {
  expect(isSame(a, b)).toBe(false)
})

test('the order of members and the way numbers are written never matter', () => {
  fc.assert(
    fc.property(fc.jsonValue(), value => {
      expect(canonicalJson(rewritten(value))).toBe(canonicalJson(value))
    }),
  )
})

/** The same value, members the other way round, numbers as exact ones. */
function rewritten(value: unknown): unknown {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return JSON.rawJSON(`${value}.0`)
  if (Array.isArray(value)) return value.map(rewritten)
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value).map(([name, member]) => [name, rewritten(member)] as const)
  return Object.fromEntries(members.toReversed())
}
