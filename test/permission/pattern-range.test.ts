import fc from 'fast-check'
import { expect, test } from 'vitest'
import { prefixUpperBound } from '../../src/permission/pattern.ts'

/** Collate "C" compares the bytes of UTF-8, which is the order of code points. */
function isBefore(a: string, b: string): boolean {
  return Buffer.compare(Buffer.from(a), Buffer.from(b)) < 0
}

const last = '\u{10ffff}'
const edges = ['a', 'b', 'z', '\ud7ff', '\ue000', '\uffff', '\u{10000}', '\u{10fffe}', last]
const text = fc.string({ unit: fc.constantFrom(...edges), maxLength: 6 })

test.each([
  ['a', 'b'],
  ['demo_', 'demo`'],
  ['a\ud7ff', 'a\ue000'],
  ['a\uffff', 'a\u{10000}'],
  [`a${last}`, 'b'],
  [`a${last}${last}`, 'b'],
  ['', last.repeat(130)],
  [last, last.repeat(130)],
])('behind every name with the prefix %j comes %j', (prefix, bound) => {
  expect(prefixUpperBound(prefix)).toBe(bound)
})

test('a name is in the range exactly when it has the prefix', () => {
  const pairs = text.chain(prefix =>
    fc.tuple(
      fc.constant(prefix),
      fc.oneof(
        text,
        text.map(rest => prefix + rest),
      ),
    ),
  )
  fc.assert(
    fc.property(pairs, ([prefix, name]) => {
      const inRange = !isBefore(name, prefix) && isBefore(name, prefixUpperBound(prefix))
      expect(inRange).toBe(name.startsWith(prefix))
    }),
    { numRuns: 20_000 },
  )
})
