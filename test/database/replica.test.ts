import { expect, test } from 'vitest'
import { createKnownWrites } from '../../src/database/replica.ts'

test('the last time counts, for each of them', () => {
  const known = createKnownWrites()
  known.note('a', 1)
  known.note('b', 2)
  known.note('a', 3)
  expect(['a', 'b', 'c', undefined].map(known.lastOf)).toEqual([3, 2, -Infinity, -Infinity])
})

test('who is forgotten counts as told no earlier than before, and nobody else as told later than need be', () => {
  const known = createKnownWrites(2)
  for (const [whom, time] of [
    ['a', 1],
    ['b', 2],
    ['a', 3],
    ['c', 4],
  ] as const)
    known.note(whom, time)
  expect(['a', 'b', 'c', 'd'].map(known.lastOf)).toEqual([3, 2, 4, 2])
})
