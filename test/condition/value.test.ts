import { describe, expect, test } from 'vitest'
import { comparedTime, recordTime, timestampOf } from '../../src/condition/value.ts'

const year1 = Date.UTC(2001, 0, 1) - 2000 * 365.2425 * 86_400_000
const lastMoment = Date.UTC(9999, 11, 31, 23, 59, 59, 999)

describe('the time of a record', () => {
  test('is a whole number of milliseconds within the years 1 to 9999', () => {
    for (const time of [0, -1, year1, lastMoment]) expect(recordTime.safeParse(time).success).toBe(true)
    for (const time of [year1 - 1, lastMoment + 1, 1.5, Number.NaN, '0', null]) {
      expect(recordTime.safeParse(time).success).toBe(false)
    }
  })
})

describe('a time to compare with', () => {
  test('may be any whole number', () => {
    for (const time of [year1 - 1, lastMoment + 1, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]) {
      expect(comparedTime.safeParse(time).success).toBe(true)
    }
    expect(comparedTime.safeParse(0.5).success).toBe(false)
  })
})

describe('the text of a timestamp', () => {
  test('is ISO 8601 for a moment that a record may bear', () => {
    expect(timestampOf(year1)).toBe('0001-01-01T00:00:00.000Z')
    expect(timestampOf(lastMoment)).toBe('9999-12-31T23:59:59.999Z')
    expect(timestampOf(1_775_000_000_123)).toBe('2026-03-31T23:33:20.123Z')
  })

  test('is infinite beyond', () => {
    expect(timestampOf(year1 - 1)).toBe('-infinity')
    expect(timestampOf(lastMoment + 1)).toBe('infinity')
  })
})
