import { expect, test } from 'vitest'
import { backoffMs, spread } from '../../src/async/backoff.ts'

test('each wait is twice the last one, up to the longest', () => {
  const waits = [1, 2, 3, 4, 5, 2000].map(failures => backoffMs(failures, { firstMs: 100, longestMs: 1000 }))
  expect(waits).toEqual([100, 200, 400, 800, 1000, 1000])
})

test('a wait is spread over the upper half of it', () => {
  expect([0, 0.5, 1].map(part => spread(100, () => part))).toEqual([50, 75, 100])
  expect(new Set(Array.from({ length: 20 }, () => spread(100))).size).toBeGreaterThan(1)
})
