import { describe, expect, test } from 'vitest'
import { parseDuration, parseMoment } from '../../../src/cli/argument/moment.ts'
import { UsageError } from '../../../src/cli/terminal/failure.ts'

const now = Date.UTC(2026, 5, 15, 12)
const reading = { now, zone: 'utc', name: 'start_time_from' } as const

describe('a moment', () => {
  test.each([
    ['1775000000000', 1_775_000_000_000],
    ['-1', -1],
    ['now', now],
    ['-1h', now - 3_600_000],
    ['+90s', now + 90_000],
    ['-1.5d', now - 129_600_000],
    ['2026-01-01', Date.UTC(2026, 0, 1)],
    ['2026-01-01 12:30', Date.UTC(2026, 0, 1, 12, 30)],
    ['2026-01-01T12:30', Date.UTC(2026, 0, 1, 12, 30)],
    ['2026-01-01T12:30:15.250Z', Date.UTC(2026, 0, 1, 12, 30, 15, 250)],
    ['2026-01-01T12:00:00+02:00', Date.UTC(2026, 0, 1, 10)],
  ])('%s is epoch milliseconds, in UTC where that is asked for and it does not say', (text, expected) => {
    expect(parseMoment(text, reading)).toBe(expected)
  })

  test.each([
    ['2026-01-01', new Date(2026, 0, 1)],
    ['2026-07-01 12:30:15', new Date(2026, 6, 1, 12, 30, 15)],
  ])('%s is in the zone of this machine', (text, expected) => {
    expect(parseMoment(text, { ...reading, zone: 'local' })).toBe(expected.getTime())
  })

  test.each([
    '',
    'yesterday',
    '2026-13-01',
    '2026-02-30',
    '2026-01-01T25:00:00Z',
    '1h',
    '-1x',
    '1.5',
    'Jan 1 2026',
  ])('%j is refused, and the key named', text => {
    expect(() => parseMoment(text, reading)).toThrow(UsageError)
    expect(() => parseMoment(text, reading)).toThrow(/^start_time_from: /)
  })
})

describe('a duration', () => {
  test.each([
    ['1500', 1500],
    ['250ms', 250],
    ['90s', 90_000],
    ['1.5h', 5_400_000],
    ['2w', 1_209_600_000],
  ])('%s is milliseconds', (text, expected) => {
    expect(parseDuration(text, '--ttl')).toBe(expected)
  })

  test.each(['', 'soon', '5 m', '1y', '1e3'])('%j is refused', text => {
    expect(() => parseDuration(text, '--ttl')).toThrow(UsageError)
  })
})
