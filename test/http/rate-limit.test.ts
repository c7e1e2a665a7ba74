import { expect, test } from 'vitest'
import { createRateLimit } from '../../src/http/rate-limit.ts'

test('each may make a burst, and then so many a second, whatever others do', () => {
  let time = 0
  const rate = createRateLimit({ perSecond: 10, burst: 3, now: () => time })
  const take = (key: string): number => Math.round(rate.take(key))
  expect([take('a'), take('a'), take('a'), take('a'), take('b')]).toEqual([0, 0, 0, 100, 0])
  time = 60
  expect(take('a')).toBe(40)
  time = 100
  expect([take('a'), take('a')]).toEqual([0, 100])
  time = 10_000
  expect([take('a'), take('a'), take('a'), take('a')]).toEqual([0, 0, 0, 100])
})
