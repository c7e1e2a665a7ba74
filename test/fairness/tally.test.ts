import { expect, test } from 'vitest'
import { createTally } from '../../src/fairness/tally.ts'

test('sums are by key, and one that comes back to zero is as if it had never been', () => {
  const tally = createTally<string | undefined>()
  expect(tally.largest()).toBeUndefined()
  tally.add('a', 2)
  tally.add(undefined, 3)
  tally.add('a', 4)
  expect([tally.of('a'), tally.of(undefined), tally.of('b')]).toEqual([6, 3, 0])
  expect(tally.largest()).toBe('a')
  tally.add('a', -6)
  expect(tally.of('a')).toBe(0)
  expect(tally.largest()).toBeUndefined()
  tally.add('b', 4)
  expect(tally.largest()).toBe('b')
})
