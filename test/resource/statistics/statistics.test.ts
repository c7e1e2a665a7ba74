import fc from 'fast-check'
import { sql } from 'kysely'
import { beforeAll, expect, test } from 'vitest'
import { resources } from '../../../src/resource/kind/index.ts'
import type { Resource } from '../../../src/resource/resource.ts'
import type { Statistics } from '../../../src/resource/statistics/statistics.ts'
import { bucketFieldsOf, groupNamesOf, hasDuration } from '../../../src/resource/statistics/statistics.ts'
import { conditionClock, someConditionList } from '../../condition/random-condition.ts'
import { describeEngines } from '../../support/databases.ts'
import { type Call, createCaller } from '../caller.ts'
import { randomRows } from '../random-row.ts'
import { recordAll } from '../record-rows.ts'
import type { WireRow } from '../reference.ts'
import { type Asked, countsOf, statisticsOf } from './reference.ts'

const dayMs = 86_400_000
const queryCount = Math.ceil(500 / resources.length)

// Zones that go forward and back at midnight, by half an hour, and a calendar day that there never was.
const zones = [
  'UTC',
  'Europe/Berlin',
  'America/Havana',
  'Australia/Lord_Howe',
  'Asia/Kathmandu',
  'pacific/apia',
]

function someAsked(resource: Resource): fc.Arbitrary<Asked> {
  const names = groupNamesOf(resource)
  const bucket = fc.record(
    {
      ms: fc.constantFrom<number | 'auto'>(
        'auto',
        'auto',
        7_000_000,
        3 * 3_600_000,
        dayMs,
        2 * dayMs,
        7 * dayMs,
      ),
      field: fc.constantFrom(...bucketFieldsOf(resource)),
      time_zone: fc.constantFrom(...zones),
    },
    { requiredKeys: ['ms'], noNullPrototype: true },
  )
  const percentiles = fc.constantFrom<number[]>([0.5], [0, 0.25, 0.95, 0.999, 1], [])
  return fc.record(
    {
      condition: someConditionList(resource),
      group_by: fc.uniqueArray(fc.constantFrom(...names), { maxLength: 2 }),
      bucket,
      top: fc.constantFrom(1, 3, 20, 100),
      ...(hasDuration(resource) && { percentiles }),
    },
    { requiredKeys: ['condition'], noNullPrototype: true },
  )
}

interface Table {
  readonly call: Call
  readonly resource: Resource
  readonly rows: readonly WireRow[]
}

describeEngines('random statistics over random rows', open => {
  const tables = new Map<Resource, Table>()

  beforeAll(async () => {
    const database = await open()
    const call = createCaller(database, { now: conditionClock })
    for (const resource of resources) {
      const rows = randomRows(resource, 1500)
      const keys = await recordAll({ database, call, resource }, rows)
      const recorded = rows.map((row, i) => ({ [resource.ordering.key]: keys[i], ...row }))
      tables.set(resource, { call, resource, rows: recorded })
    }
    await sql`analyze`.execute(database.kysely)
  })

  test.each(resources)(
    'of $name are those of the same rows in memory',
    async resource => {
      const table = tables.get(resource)
      if (table === undefined) throw new TypeError('every resource has been loaded')
      let telling = 0
      await fc.assert(
        fc.asyncProperty(someAsked(resource), async asked => {
          const found = await expectSame(table, asked)
          if (found > 0 && found < table.rows.length) telling++
        }),
        { numRuns: queryCount },
      )
      expect(telling).toBeGreaterThan(queryCount / 5)
    },
    600_000,
  )
})

async function expectSame({ call, resource, rows }: Table, asked: Asked): Promise<number> {
  const { condition, ...rest } = asked
  const answer = await call<Statistics>(`${resource.name}_stats`, { query: { condition }, ...rest })
  const { found, ...expected } = statisticsOf(resource, rows, asked)
  const { buckets, ...told } = answer
  expect(told).toEqual(expected)
  if (asked.bucket === undefined) expect(buckets).toEqual([])
  else expectBuckets(resource, { found, buckets, bucket: asked.bucket })
  return found.length
}

interface Bucketed {
  readonly found: readonly WireRow[]
  readonly buckets: Statistics['buckets']
  readonly bucket: NonNullable<Asked['bucket']>
}

/** Each row with a time is in the last bucket that has begun by then; buckets follow each other and are as long as they should be. */
function expectBuckets(resource: Resource, { found, buckets, bucket }: Bucketed): void {
  const { field = resource.ordering.time, ms, time_zone: zone = 'UTC' } = bucket
  const times = buckets.map(({ time }) => time)
  expect(times).toEqual([...new Set(times)].sort((a, b) => a - b))
  expect(times.length).toBeLessThanOrEqual(500)
  const timed = found.filter(row => row[field] !== null)
  const byBucket = Map.groupBy(timed, row => times.findLastIndex(time => time <= Number(row[field])))
  expect(buckets).toEqual(times.map((time, i) => ({ time, ...countsOf(resource, byBucket.get(i) ?? []) })))
  if (timed.length > 0) {
    const latest = Math.max(...timed.map(row => Number(row[field])))
    expect(byBucket.has(-1)).toBe(false)
    if (ms !== 'auto') expect(latest - (times.at(-1) ?? 0)).toBeLessThan(ms + 2 * 3_600_000)
  }
  if (ms !== 'auto') expectLength(times, ms, zone)
}

function expectLength(times: readonly number[], ms: number, zone: string): void {
  if (ms < dayMs) {
    expect(times.every(time => time % ms === 0)).toBe(true)
    return
  }
  for (const [i, time] of times.entries()) {
    // The clock showed another day a moment before.
    expect(dayIn(zone, time)).not.toBe(dayIn(zone, time - 1))
    const next = times[i + 1]
    if (next !== undefined) expect(Date.parse(dayIn(zone, next)) - Date.parse(dayIn(zone, time))).toBe(ms)
  }
}

function dayIn(timeZone: string, time: number): string {
  return new Intl.DateTimeFormat('sv-SE', { timeZone }).format(time)
}
