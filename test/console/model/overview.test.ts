import { expect, test } from 'vitest'
import type { Statistics } from '../../../src/client/client.ts'
import { bucketMsOf, failing, isSpan, slowest } from '../../../src/console/model/overview.ts'

function group(
  name: string | null,
  failure: number,
  p95: number | null,
  count = 10,
): Statistics['groups'][number] {
  return {
    key: { js_worker_name: name },
    count,
    by_state: { success: count - failure, failure, running: 0, waiting: 0 },
    duration: { p95 },
  }
}

const groups = [group('a', 1, 50), group('b', 0, null), group('c', 3, 20), group('d', 1, 90, 30)]

test('names fail in the order of their failures, then of their records; those without are left out', () => {
  expect(failing(groups, 'js_worker_name', 2)).toEqual([
    { name: 'c', count: 10, value: 3 },
    { name: 'd', count: 30, value: 1 },
  ])
  expect(failing(groups, 'js_worker_name', 9).map(({ name }) => name)).toEqual(['c', 'd', 'a'])
})

test('names are slow by the 95th percentile of what has ended', () => {
  expect(slowest(groups, 'js_worker_name', 9).map(({ name, value }) => [name, value])).toEqual([
    ['d', 90],
    ['a', 50],
    ['c', 20],
  ])
})

test('a bucket is as long as from its time to the next', () => {
  const bucket = { count: 0, by_state: { success: 0, failure: 0, running: 0, waiting: 0 } }
  expect(
    bucketMsOf([
      { time: 1000, ...bucket },
      { time: 61_000, ...bucket },
    ]),
  ).toBe(60_000)
  expect(bucketMsOf([])).toBe(1)
})

test('only spans that the overview offers are taken from an address', () => {
  expect(['1h', '30d', '2h', '', undefined].map(isSpan)).toEqual([true, true, false, false, false])
})
