import { expect, test } from 'vitest'
import { retryDelayMs } from '../../src/sink/delivery.ts'

const minute = 60_000

test('attempts double their distance up to five minutes, and go on for 72 hours', () => {
  const delays = Array.from({ length: 2000 }, (_, i) => retryDelayMs(i + 1, 0, () => 1))
  expect(delays.slice(0, 4)).toEqual([200, 400, 800, 1600])
  expect(Math.max(...delays)).toBe(5 * minute)
  let elapsed = 0
  const attempts = delays.findIndex(delay => {
    elapsed += delay
    return elapsed > 72 * 60 * minute
  })
  // Seldom enough to harm nobody, often enough to be back soon.
  expect(attempts).toBeGreaterThan(800)
  expect(attempts).toBeLessThan(1000)
})

test('no two sinks come back at the same moment, nor sooner than half of it', () => {
  expect(retryDelayMs(20, 0, () => 0)).toBe(2.5 * minute)
  expect(new Set(Array.from({ length: 20 }, () => retryDelayMs(20))).size).toBeGreaterThan(1)
})

test('a target that asks for more gets it, up to an hour', () => {
  expect(retryDelayMs(1, 30_000)).toBe(30_000)
  expect(retryDelayMs(20, 30_000, () => 1)).toBe(5 * minute)
  expect(retryDelayMs(1, 24 * 60 * minute)).toBe(60 * minute)
})
