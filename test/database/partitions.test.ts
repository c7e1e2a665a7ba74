import { sql } from 'kysely'
import { beforeEach, describe, expect, test } from 'vitest'
import { within } from '../../src/async/within.ts'
import type { Database } from '../../src/database/database.ts'
import { alonePartitioning, fillHole } from '../../src/database/partition-change.ts'
import { keepPartitions, makeRoom } from '../../src/database/partition-upkeep.ts'
import {
  holesOf,
  manyPartitions,
  nextBoundary,
  readPartitions,
  reportPartitions,
} from '../../src/database/partitions.ts'
import { describeEngines } from '../support/databases.ts'

const size = 100
const range = (from: number | undefined, to: number | undefined) => ({ name: `p${from ?? 0}`, from, to })

describe('the next boundary', () => {
  test.each([
    ['of a table that is less than half full', [range(undefined, undefined)], 49, undefined],
    ['of a table that is half full', [range(undefined, undefined)], 50, 100],
    ['of a table that was large before it had ranges', [range(undefined, undefined)], 5010, 5100],
    ['while the last range is empty', [range(undefined, 100), range(100, undefined)], 99, undefined],
    ['as soon as something is in it', [range(undefined, 100), range(100, undefined)], 100, 200],
    [
      'behind an import far ahead',
      [range(undefined, 100), range(100, undefined)],
      1_000_000_000_020,
      1_000_000_000_100,
    ],
  ])('%s', (_what, partitions, highest, boundary) => {
    expect(nextBoundary({ partitions }, highest, size)).toBe(boundary)
  })

  test('makes larger and larger ranges once there are many', () => {
    const partitions = Array.from({ length: manyPartitions - 1 }, (_, i) =>
      range(i * size || undefined, (i + 1) * size),
    )
    let next = (manyPartitions - 1) * size
    for (let highest = next; highest < 100_000 * size; highest = next) {
      partitions.push(range(next, undefined))
      next = nextBoundary({ partitions }, highest, size) ?? 0
      expect(next).toBeGreaterThan(highest)
      partitions.push({ ...range(highest, next), ...partitions.pop() })
    }
    expect(partitions.length).toBeLessThan(manyPartitions + 20)
  })
})

test('only holes in which some id lies are filled', () => {
  const partitions = [range(100, 200), range(200, 300), range(500, undefined)]
  const table = { name: 't', key: 'id', mayChange: true, partitions }
  expect(holesOf(table, [150, 299, 500, 9999])).toEqual([])
  expect(holesOf(table, [1])).toEqual([{ from: undefined, to: 100 }])
  expect(holesOf(table, [300, 499, 1])).toEqual([
    { from: undefined, to: 100 },
    { from: 300, to: 500 },
  ])
})

describeEngines('ranges of a table', open => {
  let database: Database

  beforeEach(async () => {
    database = await open()
  })

  const append = (count: number) =>
    sql`insert into service_event (project_id, service_id, service_name, event_type, event_info, occur_time)
      select 'p', 's', 'n', 'normal', 'i', now() from generate_series(1, ${count}::int)`.execute(
      database.kysely,
    )

  async function rangesOf(name: string) {
    const [table] = await readPartitions(database, [name])
    return table?.partitions.map(({ from, to }) => [from, to])
  }

  async function idsIn(table: string): Promise<number> {
    const { rows } = await sql<{ n: number }>`select count(*)::int as n from ${sql.table(table)}`.execute(
      database.kysely,
    )
    return rows[0]?.n ?? -1
  }

  test('begin with one that has no end, and stay one while the table is small', async () => {
    await append(49)
    await keepPartitions(database, size)
    const tables = await readPartitions(database)
    expect(tables.map(({ name, key }) => [name, key])).toEqual([
      ['change_event', 'sequence_number'],
      ['event_log', 'id'],
      ['js_result', 'id'],
      ['service_event', 'id'],
    ])
    for (const { partitions } of tables)
      expect(partitions).toMatchObject([{ from: undefined, to: undefined }])
  })

  test('are made ahead of the ids, and each holds its own', async () => {
    await append(60)
    await keepPartitions(database, size)
    expect(await rangesOf('service_event')).toEqual([
      [undefined, 100],
      [100, undefined],
    ])
    await keepPartitions(database, size)
    expect(await rangesOf('service_event')).toHaveLength(2)
    await append(60)
    await keepPartitions(database, size)
    expect(await rangesOf('service_event')).toEqual([
      [undefined, 100],
      [100, 200],
      [200, undefined],
    ])
    expect([await idsIn('service_event_p0'), await idsIn('service_event_p100')]).toEqual([99, 21])
    expect(await rangesOf('js_result')).toHaveLength(1)
  })

  test('have the indexes and the storage of the one before', async () => {
    await sql`alter table service_event_p0 set (fillfactor = 70)`.execute(database.kysely)
    await sql`create index own on service_event (event_info)`.execute(database.kysely)
    await append(60)
    await keepPartitions(database, size)
    const { rows } = await sql<{ n: number; options: string }>`
      select relname, reloptions::text as options, (select count(*)::int from pg_index where indrelid = c.oid) as n
      from pg_class c where relname in ('service_event_p0', 'service_event_p100') order by relname`.execute(
      database.kysely,
    )
    expect(rows[1]).toEqual({ ...rows[0], relname: 'service_event_p100' })
    expect(rows[0]?.options).toContain('fillfactor=70')
  })

  test('let themselves be written to while their end is being set', async () => {
    await append(60)
    await Promise.all([keepPartitions(database, size), ...Array.from({ length: 20 }, () => append(5))])
    await keepPartitions(database, size)
    expect(await idsIn('service_event')).toBe(160)
    expect((await rangesOf('service_event'))?.at(-1)).toEqual([200, undefined])
  })

  test('are made for ids that an import brings', async () => {
    await append(60)
    await keepPartitions(database, size)
    await sql`alter table service_event detach partition service_event_p0`.execute(database.kysely)
    await makeRoom(database, { table: 'service_event', keys: [7, 5020], partitionRows: size })
    expect(await rangesOf('service_event')).toEqual([
      [undefined, 100],
      [100, 5100],
      [5100, undefined],
    ])
    // What somebody detached to keep it is left alone.
    await keepPartitions(database, size)
    expect(await idsIn('service_event_p0')).toBe(60)
  })

  test('are not waited for once another server has made them', async () => {
    await append(60)
    await keepPartitions(database, size)
    await sql`alter table service_event detach partition service_event_p0`.execute(database.kysely)
    const [asked, filled, end] = [0, 1, 2].map(() => Promise.withResolvers<void>())
    const other = alonePartitioning(database, async () => {
      await asked?.promise
      const [table] = await readPartitions(database, ['service_event'])
      if (table !== undefined) for (const hole of holesOf(table, [7])) await fillHole(database, table, hole)
      filled?.resolve()
      await end?.promise
    })
    const room = makeRoom(database, { table: 'service_event', keys: [7], partitionRows: size })
    asked?.resolve()
    await filled?.promise
    // The other one goes on with what it does.
    expect(
      await within(
        3000,
        room.then(() => 'made'),
      ),
    ).toBe('made')
    end?.resolve()
    await other
  })

  test('are counted as one table by the planner', async () => {
    await append(3000)
    await sql`analyze service_event_p0`.execute(database.kysely)
    await keepPartitions(database, 1_000_000)
    const { rows } = await sql<{
      n: number
    }>`select reltuples as n from pg_class where relname = 'service_event'`.execute(database.kysely)
    expect(rows[0]?.n).toBe(3000)
  })

  test('of several servers are changed by one at a time', async () => {
    await append(60)
    await Promise.all(Array.from({ length: 5 }, () => keepPartitions(database, size)))
    expect(await rangesOf('service_event')).toHaveLength(2)
  })

  test('are told of to whoever looks after them', async () => {
    await append(60)
    await keepPartitions(database, size)
    expect(await reportPartitions(database)).toEqual({
      detail: 'change_event: 1; event_log: 1; js_result: 1; service_event: 2, the last from 100',
      faults: [],
    })
  })

  test('lose the end that a server began to set when it was killed', async () => {
    await append(60)
    await sql`alter table service_event_p0 add constraint daybook_partition_end check (id < 70) not valid`.execute(
      database.kysely,
    )
    await keepPartitions(database, size)
    await append(30)
    expect(await idsIn('service_event')).toBe(90)
  })
})
