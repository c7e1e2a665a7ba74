import { expect, test } from 'vitest'
import {
  readFilter,
  splitLimit,
  timeOf,
  withTimeRange,
  withTimeSince,
} from '../../../src/console/model/filter.ts'

test('a filter is read from the address, and what is none is said to be none', () => {
  expect(readFilter(undefined)).toEqual({ list: [] })
  expect(readFilter('["is_failure",{"limit":5}]')).toEqual({ list: ['is_failure', { limit: 5 }] })
  expect(readFilter('{"limit":5}')).toEqual({ fault: 'not_a_list' })
  expect(readFilter('[').list).toBeUndefined()
})

test('a number beyond 2^53 keeps its digits on the way to the server', () => {
  const { list } = readFilter('[{"js_worker_id":9007199254740993}]')
  expect(JSON.stringify(list)).toBe('[{"js_worker_id":9007199254740993}]')
})

test('limits are taken out as the server reads them: the last counts, and last wins', () => {
  expect(splitLimit(['is_failure', { limit: 5 }, { limit: 7 }])).toEqual({ filter: ['is_failure'], most: 7 })
  expect(splitLimit(['last', { limit: 7 }])).toEqual({ filter: [], most: 1 })
  expect(splitLimit([{ limit: 20_000 }])).toEqual({ filter: [], most: 10_000 })
  expect(splitLimit(['all', { or: [{ id: 1 }] }])).toEqual({ filter: [{ or: [{ id: 1 }] }], most: undefined })
})

test('a time that is chosen takes the place of all that was said of that time', () => {
  const before = ['is_failure', { start_time_from: 1 }, { start_time_since: '1h' }, { finish_time_from: 3 }]
  const ranged = withTimeRange(before, 'start_time', [5, 9])
  expect(ranged).toEqual(['is_failure', { finish_time_from: 3 }, { start_time_from_to: [5, 9] }])
  expect(timeOf(ranged, 'start_time')).toEqual({ range: [5, 9] })
  const recent = withTimeSince(ranged, 'start_time', '24h')
  expect(timeOf(recent, 'start_time')).toEqual({ since: '24h' })
  expect(timeOf(before, 'start_time')).toBeUndefined()
  expect(withTimeRange(recent, 'start_time', undefined)).toEqual(['is_failure', { finish_time_from: 3 }])
})
