import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cronFault, maxCronLength, nextFire } from '../../src/schedule/cron.ts'

const berlin = 'Europe/Berlin'
const minute = 60_000

/** The first firings after an instant, each asked for with the one before. */
function firings(cron: string, tz: string, after: string, count: number): string[] {
  const found: string[] = []
  let last = Date.parse(after)
  for (let i = 0; i < count; i++) {
    last = nextFire({ cron, tz }, last)
    found.push(new Date(last).toISOString().replace('.000Z', 'Z'))
  }
  return found
}

describe('a schedule', () => {
  test.each([
    ['every minute', '* * * * *', ['2026-01-01T00:01:00Z', '2026-01-01T00:02:00Z']],
    ['every second', '* * * * * *', ['2026-01-01T00:00:01Z', '2026-01-01T00:00:02Z']],
    ['steps', '*/20 9-10 * * *', ['2026-01-01T09:00:00Z', '2026-01-01T09:20:00Z', '2026-01-01T09:40:00Z']],
    ['names of weekdays', '0 9 * * THU,fri', ['2026-01-01T09:00:00Z', '2026-01-02T09:00:00Z']],
    ['names of months', '0 0 1 MAR,jun *', ['2026-03-01T00:00:00Z', '2026-06-01T00:00:00Z']],
    ['the last day of a month', '0 0 L * *', ['2026-01-31T00:00:00Z', '2026-02-28T00:00:00Z']],
    ['the second Monday', '0 0 * * 1#2', ['2026-01-12T00:00:00Z', '2026-02-09T00:00:00Z']],
    ['leap days', '0 0 29 2 *', ['2028-02-29T00:00:00Z', '2032-02-29T00:00:00Z']],
    ['@hourly', '@hourly', ['2026-01-01T01:00:00Z', '2026-01-01T02:00:00Z']],
    ['@midnight', '@midnight', ['2026-01-02T00:00:00Z', '2026-01-03T00:00:00Z']],
    ['@annually', '@annually', ['2027-01-01T00:00:00Z', '2028-01-01T00:00:00Z']],
    ['a word among blanks', ' @daily\t', ['2026-01-02T00:00:00Z', '2026-01-03T00:00:00Z']],
    ['tabs and blanks', '\t30  9\t* * *\n', ['2026-01-01T09:30:00Z', '2026-01-02T09:30:00Z']],
    ['a step of the whole field', '5/60 */24 * * *', ['2026-01-01T00:05:00Z', '2026-01-02T00:05:00Z']],
    ['a range up to Sunday', '0 0 * * fri-7', ['2026-01-02T00:00:00Z', '2026-01-03T00:00:00Z']],
    ['@daily', '@daily', ['2026-01-02T00:00:00Z', '2026-01-03T00:00:00Z']],
    ['@weekly', '@weekly', ['2026-01-04T00:00:00Z', '2026-01-11T00:00:00Z']],
    ['@monthly', '@monthly', ['2026-02-01T00:00:00Z', '2026-03-01T00:00:00Z']],
    ['@yearly', '@yearly', ['2027-01-01T00:00:00Z', '2028-01-01T00:00:00Z']],
  ])('of %s comes as it says', (_what, cron, expected) => {
    expect(cronFault(cron)).toBeUndefined()
    expect(firings(cron, 'UTC', '2026-01-01T00:00:00Z', expected.length)).toEqual(expected)
  })

  test('comes strictly after the given moment, milliseconds included', () => {
    const at = Date.UTC(2026, 0, 1)
    for (const cron of ['0 * * * *', '0 0,1 * * *']) {
      expect(nextFire({ cron, tz: 'UTC' }, at - 1)).toBe(at)
      expect(nextFire({ cron, tz: 'UTC' }, at)).toBe(at + 60 * minute)
      expect(nextFire({ cron, tz: 'UTC' }, at + 1)).toBe(at + 60 * minute)
    }
  })

  test('is read in its time zone', () => {
    expect(firings('0 9 * * *', 'Asia/Tokyo', '2026-01-01T00:00:00Z', 1)).toEqual(['2026-01-02T00:00:00Z'])
    expect(firings('0 9 * * *', 'America/New_York', '2026-07-01T00:00:00Z', 1)).toEqual([
      '2026-07-01T13:00:00Z',
    ])
  })
})

describe('where the clocks of Berlin jump from 02:00 to 03:00', () => {
  const before = '2026-03-28T12:00:00Z'

  test('a time that is left out comes when they jump, several such times together', () => {
    expect(firings('15,30 2 * * *', berlin, before, 3)).toEqual([
      '2026-03-29T01:00:00Z',
      '2026-03-30T00:15:00Z',
      '2026-03-30T00:30:00Z',
    ])
  })

  test('a schedule of every hour goes on by elapsed time', () => {
    expect(firings('30 * * * *', berlin, '2026-03-29T00:00:00Z', 3)).toEqual([
      '2026-03-29T00:30:00Z',
      '2026-03-29T01:30:00Z',
      '2026-03-29T02:30:00Z',
    ])
  })
})

describe('where the clocks of Berlin go back from 03:00 to 02:00', () => {
  test('a time that is repeated comes once', () => {
    expect(firings('30 2,3 * * *', berlin, '2026-10-24T12:00:00Z', 3)).toEqual([
      '2026-10-25T00:30:00Z',
      '2026-10-25T02:30:00Z',
      '2026-10-26T01:30:00Z',
    ])
  })

  test('so do the times of a step', () => {
    expect(firings('*/30 2 * * *', berlin, '2026-10-24T12:00:00Z', 3)).toEqual([
      '2026-10-25T00:00:00Z',
      '2026-10-25T00:30:00Z',
      '2026-10-26T01:00:00Z',
    ])
  })

  test('it does not come again when it is asked for during the repetition', () => {
    expect(firings('30 2 * * *', berlin, '2026-10-25T01:10:00Z', 1)).toEqual(['2026-10-26T01:30:00Z'])
  })

  test('a schedule of every hour goes on by elapsed time', () => {
    expect(firings('30 * * * *', berlin, '2026-10-25T00:00:00Z', 3)).toEqual([
      '2026-10-25T00:30:00Z',
      '2026-10-25T01:30:00Z',
      '2026-10-25T02:30:00Z',
    ])
  })
})

test('clocks that change by half an hour, or by a whole day, delay nothing for ever', () => {
  const lordHowe = firings('18 27 16 * 4 7#1', 'Australia/Lord_Howe', '2026-12-26T00:00:00Z', 1)
  expect(lordHowe).toEqual(['2027-04-04T05:57:18Z'])
  // Samoa had no 30 December 2011.
  const samoa = firings('0 12 30,31 12 *', 'Pacific/Apia', '2011-12-25T00:00:00Z', 2)
  expect(samoa).toEqual(['2011-12-30T10:00:00Z', '2011-12-30T22:00:00Z'])
})

describe('around a change of the clocks every schedule agrees with one that is watched minute by minute', () => {
  const changes = [
    [berlin, '2026-03-28'],
    [berlin, '2026-10-24'],
    ['America/Santiago', '2026-04-04'],
    ['America/Santiago', '2026-09-05'],
    ['Australia/Lord_Howe', '2026-04-04'],
    ['Australia/Lord_Howe', '2026-10-03'],
    ['UTC', '2026-10-03'],
  ] as const

  test.each(changes)('in %s from %s', (tz, from) => {
    const watched = watch(tz, Date.parse(`${from}T00:00:00Z`), 3 * 24 * 60)
    const minutes = fc.uniqueArray(fc.integer({ min: 0, max: 59 }), { minLength: 1, maxLength: 3 })
    const hours = fc.uniqueArray(fc.integer({ min: 0, max: 23 }), { minLength: 1, maxLength: 4 })
    const schedule = fc.record({ minutes, hours: fc.option(hours), at: fc.nat(24 * 60 * minute) })
    fc.assert(
      fc.property(schedule, ({ minutes, hours, at }) => {
        const after = (watched[0]?.instant ?? 0) + at
        const isDue = (wall: number) =>
          minutes.includes(new Date(wall).getUTCMinutes()) &&
          (hours === null || hours.includes(new Date(wall).getUTCHours()))
        const due = watched.find(
          seen => seen.instant > after && (hours === null ? isDue(seen.wall) : newWalls(seen).some(isDue)),
        )
        const cron = `${minutes} ${hours ?? '*'} * * *`
        expect(nextFire({ cron, tz }, after)).toBe(due?.instant)
      }),
      {
        numRuns: 150,
        // A half hour that is shown twice, asked for from its first beginning.
        examples: [[{ minutes: [30, 0], hours: null, at: 52_200_000 }]],
      },
    )
  })
})

interface Seen {
  readonly instant: number
  readonly wall: number
  /** The latest time that the clock had shown before. */
  readonly latest: number
}

function watch(tz: string, from: number, minutes: number): readonly Seen[] {
  const format = new Intl.DateTimeFormat('sv', { timeZone: tz, dateStyle: 'short', timeStyle: 'medium' })
  const wallAt = (instant: number) => Date.parse(`${format.format(instant).replace(' ', 'T')}Z`)
  const seen: Seen[] = []
  let latest = wallAt(from - minute)
  for (let instant = from; instant < from + minutes * minute; instant += minute) {
    const wall = wallAt(instant)
    seen.push({ instant, wall, latest })
    latest = Math.max(latest, wall)
  }
  return seen
}

/** What the clock reaches at this moment for the first time: a minute, those of a jump, or none. */
function newWalls({ wall, latest }: Seen): readonly number[] {
  const walls: number[] = []
  for (let each = latest + minute; each <= wall; each += minute) walls.push(each)
  return walls
}

describe('cronFault', () => {
  test.each([
    '',
    '* * * *',
    '* * * * * * *',
    '0 3 * * *\n0 4 * * *',
    '0\u00a00 * * *',
    '60 * * * *',
    '* 24 * * *',
    '0 0 0 * *',
    '0 0 * 13 *',
    '0 0 * * 8',
    '*/0 * * * *',
    '-1 * * * *',
    '5-1 * * * *',
    '1,,2 * * * *',
    '0.5 * * * *',
    '1e1 * * * *',
    '0 0 * * monday',
    '0 0 15W * *',
    'H * * * *',
    'H(0-9)/3 * * * *',
    '@reboot',
    '@Midnight',
    '@every 5m',
    'constructor',
    '__proto__ * * * *',
  ])('refuses %j', cron => {
    expect(cronFault(cron)).toEqual(expect.any(String))
  })

  test.each([
    '*/61 * * * *',
    '*/90 * * * *',
    '* */25 * * *',
    '*/61 * * * * *',
    '0 0 */32 * *',
    '0 0 1 */13 *',
    '0 0 * * */8',
    '5/90 * * * *',
    '0,10-20/12 * * * *',
  ])('refuses %s, whose step is never taken', cron => {
    expect(cronFault(cron)).toContain('step')
  })

  test.each([
    ['5-1 * * * *', '5-59,0-1'],
    ['0 22-2 * * *', '22-23,0-2'],
    ['0 0 25-5/2 * *', '25-31,1-5'],
    ['0 0 1 nov-feb *', 'nov-12,1-feb'],
    ['0 9 * * Fri-Sun', 'Fri-6,0-Sun'],
  ])('refuses %s, which runs backwards, and says what to write', (cron, instead) => {
    expect(cronFault(cron)).toContain(instead)
    expect(cronFault(cron.replace(/\S+-\S+/, instead))).toBeUndefined()
  })

  test.each(['0 0 30 2 *', '0 0 30,31 2 *', '0 0 31 4,6,9,11 *'])('refuses %s, which never comes', cron => {
    expect(cronFault(cron)).toEqual(expect.any(String))
  })

  test.each([
    `${'0-59/1,'.repeat(70)}1 * * * *`,
    `0 0 * * ${'1#'.repeat(200)}`,
    '*/99999999999999999999 * * * *'.padEnd(maxCronLength + 1, ' *'),
    `0 0 ${'*'.repeat(10_000_000)} * *`,
    'a'.repeat(10_000_000),
    `${'THU'.repeat(100)} `.repeat(6),
  ])('refuses nasty text at once (%#)', cron => {
    expect(cronFault(cron)).toEqual(expect.any(String))
  })

  test('accepts what comes only every forty years', () => {
    expect(cronFault('0 0 * 2 1#5')).toBeUndefined()
    const after = Date.UTC(2072, 2, 1)
    expect(nextFire({ cron: '0 0 * 2 1#5', tz: berlin }, after)).toBe(Date.UTC(2112, 1, 28, 23))
  })

  test('accepts nothing for which no next time is found', () => {
    const part = (max: number) =>
      fc.oneof(
        fc.constantFrom('*', '?', `*/${max}`, `0-${max}/2`, `1,${max}`),
        fc.integer({ min: 0, max }).map(String),
      )
    const cron = fc.tuple(part(59), part(59), part(23), part(31), part(12), part(7))
    fc.assert(
      fc.property(cron, fc.integer({ min: 0, max: 2 ** 42 }), (parts, after) => {
        const cron = parts.join(' ')
        if (cronFault(cron) !== undefined) return
        expect(nextFire({ cron, tz: 'America/Santiago' }, after)).toBeGreaterThan(after)
      }),
      { numRuns: 300 },
    )
  })
})
