import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createWallClock, parseWallTime, wallTimePattern } from '../../src/schedule/wall-time.ts'

const zones = [
  'UTC',
  'Asia/Shanghai',
  'Asia/Kolkata',
  'America/New_York',
  'America/St_Johns',
  'Africa/Monrovia',
  'Australia/Lord_Howe',
  'Pacific/Apia',
]

function wallOf(text: string): number {
  const wall = parseWallTime(text)
  if (wall === undefined) throw new Error(`no time: ${text}`)
  return wall
}

describe('a text', () => {
  test.each([
    ['1970-01-01 00:00:00', 0],
    ['2024-02-29 23:59:59', Date.UTC(2024, 1, 29, 23, 59, 59)],
    ['0001-01-01 00:00:00', -62_135_596_800_000],
    ['9999-12-31 23:59:59', 253_402_300_799_000],
  ])('%s is read', (text, wall) => {
    expect(parseWallTime(text)).toBe(wall)
    expect(text).toMatch(new RegExp(wallTimePattern))
  })

  test.each([
    '',
    'now',
    '2024-01-01',
    '2024-01-01 00:00',
    '2024-01-01T00:00:00',
    '2024-01-01 00:00:00Z',
    '2024-01-01 00:00:00.000',
    '2024-01-01 00:00:00+08:00',
    ' 2024-01-01 00:00:00',
    '2024-1-1 0:00:00',
    '2024-02-30 00:00:00',
    '2023-02-29 00:00:00',
    '2024-13-01 00:00:00',
    '2024-00-01 00:00:00',
    '2024-01-01 24:00:00',
    '2024-01-01 23:60:00',
    '2024-01-01 23:59:60',
    '-000001-01-01 00:00:00',
    '+010000-01-01 00:00:00',
    '２０２４-01-01 00:00:00',
  ])('%j is refused', text => {
    expect(parseWallTime(text)).toBeUndefined()
  })
})

describe('a wall clock', () => {
  test.each([
    ['UTC', '2024-07-01 12:00:00'],
    ['Asia/Shanghai', '2024-07-01 20:00:00'],
    ['America/New_York', '2024-07-01 08:00:00'],
    ['Asia/Kolkata', '2024-07-01 17:30:00'],
    ['Pacific/Kiritimati', '2024-07-02 02:00:00'],
  ])('in %s shows %s', (zone, text) => {
    const clock = createWallClock(zone)
    const instant = Date.UTC(2024, 6, 1, 12)
    expect(clock.textOf(instant)).toBe(text)
    expect(clock.textOf(instant + 999)).toBe(text)
    expect(clock.startOf(wallOf(text))).toBe(instant)
    expect(clock.endOf(wallOf(text))).toBe(instant + 999)
  })

  test('knows seconds of an offset, from before there were time zones', () => {
    const clock = createWallClock('Asia/Shanghai')
    expect(clock.textOf(Date.UTC(1900, 0, 1))).toBe('1900-01-01 08:05:43')
    expect(clock.startOf(wallOf('1900-01-01 08:05:43'))).toBe(Date.UTC(1900, 0, 1))
    expect(createWallClock('Africa/Monrovia').textOf(Date.UTC(1960, 0, 1))).toBe('1959-12-31 23:15:30')
  })

  test('that leaves a time out starts and ends it at the jump', () => {
    const clock = createWallClock('Europe/Berlin')
    const jump = Date.UTC(2024, 2, 31, 1)
    for (const text of ['2024-03-31 02:00:00', '2024-03-31 02:30:00', '2024-03-31 02:59:59']) {
      expect(clock.startOf(wallOf(text))).toBe(jump)
      expect(clock.endOf(wallOf(text))).toBe(jump - 1)
    }
    expect(clock.endOf(wallOf('2024-03-31 01:59:59'))).toBe(jump - 1)
    expect(clock.startOf(wallOf('2024-03-31 03:00:00'))).toBe(jump)
  })

  test('that repeats a time starts it the first time, and ends it the last', () => {
    const clock = createWallClock('Europe/Berlin')
    const jump = Date.UTC(2024, 9, 27, 1)
    const hour = 60 * 60 * 1000
    expect(clock.startOf(wallOf('2024-10-27 02:00:00'))).toBe(jump - hour)
    expect(clock.endOf(wallOf('2024-10-27 02:59:59'))).toBe(jump + hour - 1)
    expect(clock.endOf(wallOf('2024-10-27 01:59:59'))).toBe(jump - hour - 1)
    expect(clock.startOf(wallOf('2024-10-27 03:00:00'))).toBe(jump + hour)
  })

  test('that leaves a whole day out knows the days around it', () => {
    const clock = createWallClock('Pacific/Apia')
    const jump = Date.UTC(2011, 11, 30, 10)
    expect(clock.textOf(jump - 1)).toBe('2011-12-29 23:59:59')
    expect(clock.textOf(jump)).toBe('2011-12-31 00:00:00')
    expect(clock.startOf(wallOf('2011-12-30 12:00:00'))).toBe(jump)
    expect(clock.endOf(wallOf('2011-12-30 12:00:00'))).toBe(jump - 1)
  })

  // Around each change every minute of the clock is looked for among the instants that show it.
  test.each([
    ['Europe/Berlin', Date.UTC(2024, 2, 31, 1)],
    ['Europe/Berlin', Date.UTC(2024, 9, 27, 1)],
    ['America/St_Johns', Date.UTC(2006, 3, 2, 3, 31)],
    ['America/St_Johns', Date.UTC(2006, 9, 29, 2, 31)],
    ['Australia/Lord_Howe', Date.UTC(2024, 3, 6, 15)],
    ['Australia/Lord_Howe', Date.UTC(2024, 9, 5, 15, 30)],
    ['Pacific/Apia', Date.UTC(2011, 11, 30, 10)],
    ['Africa/Monrovia', Date.UTC(1972, 0, 7, 0, 44, 30)],
  ])('in %s finds the first and last instant of every time around the change at %d', (zone, change) => {
    const clock = createWallClock(zone)
    expect(wallOf(clock.textOf(change)) - wallOf(clock.textOf(change - 1000))).not.toBe(1000)
    const minute = 60_000
    const shown = new Map<string, number[]>()
    for (let at = change - 150 * minute; at < change + 150 * minute; at += 30_000) {
      const text = clock.textOf(at)
      shown.set(text, [...(shown.get(text) ?? []), at])
    }
    for (const [text, instants] of shown) {
      const wall = wallOf(text)
      const isNearEdge = Math.abs((instants[0] ?? 0) - change) > 80 * minute
      if (isNearEdge) continue
      expect([clock.startOf(wall), clock.endOf(wall)], text).toEqual([
        Math.min(...instants),
        Math.max(...instants) + 999,
      ])
    }
  })

  test('shows what Intl shows', () => {
    const clocks = zones.map(timeZone => ({
      clock: createWallClock(timeZone),
      intl: new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' }),
    }))
    const moment = fc.integer({ min: Date.UTC(1890, 0, 1), max: Date.UTC(2090, 0, 1) })
    const steps = fc.array(fc.integer({ min: 0, max: 90_000_000 }), { minLength: 1, maxLength: 20 })
    fc.assert(
      fc.property(fc.constantFrom(...clocks), moment, steps, ({ clock, intl }, first, later) => {
        for (const step of later) expect(clock.textOf(first + step)).toBe(intl.format(first + step))
      }),
      { numRuns: 500 },
    )
  })

  test('misses no instant between a start and an end that it shows', () => {
    const moment = fc.integer({ min: Date.UTC(1890, 0, 1), max: Date.UTC(2090, 0, 1) })
    fc.assert(
      fc.property(fc.constantFrom(...zones.map(createWallClock)), moment, (clock, instant) => {
        const wall = wallOf(clock.textOf(instant))
        expect(clock.startOf(wall)).toBeLessThanOrEqual(instant)
        expect(clock.endOf(wall)).toBeGreaterThanOrEqual(instant)
      }),
      { numRuns: 2000 },
    )
  })

  test('is not made for what is no time zone', () => {
    expect(() => createWallClock('Mars/Olympus')).toThrow(RangeError)
  })
})
