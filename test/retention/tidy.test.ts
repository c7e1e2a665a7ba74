import { sql } from 'kysely'
import { beforeAll, expect, test, vi } from 'vitest'
import type { Database } from '../../src/database/database.ts'
import { pruneChanges } from '../../src/retention/prune.ts'
import { describeEngines } from '../support/databases.ts'
import { countRows, day, startQuickly } from './rule-runs.ts'

/** Numbered changes of a resource, each an hour younger than the one before; the last is of now. */
async function insertChanges({ kysely }: Database, resource: string, count: number): Promise<void> {
  await sql`insert into record_change (resource, last_number, record_ids, numbered_time)
    select ${resource}, n, array[n], now() - (${count}::int - n) * interval '1 hour' from generate_series(1, ${count}::int) as n`.execute(
    kysely,
  )
  await sql`insert into stream_position (resource, last_number) values (${resource}, ${count})`.execute(
    kysely,
  )
}

async function insertSink({ kysely }: Database, resource: string, cursor: number): Promise<void> {
  const now = new Date()
  const rest = { target_kind: 'file', target: '{}', format: 'row', batch_size: 1 }
  const times = { created_time: now, updated_time: now }
  await kysely
    .insertInto('sink')
    .values({
      name: `${resource} ${cursor}`,
      resource,
      condition: '[]',
      state: 'paused',
      cursor,
      ...rest,
      ...times,
    })
    .execute()
}

async function oldestNumbers({ kysely }: Database): Promise<unknown> {
  const rows = await kysely
    .selectFrom('record_change')
    .select(({ fn }) => ['resource', fn.min('last_number').as('oldest')])
    .groupBy('resource')
    .execute()
  return Object.fromEntries(rows.map(row => [row.resource, Number(row.oldest)]))
}

describeEngines('what servers tidy up', open => {
  let database: Database

  beforeAll(async () => {
    database = await open()
  })

  test('what is kept for those who resume is pruned once it is old enough, except for what a sink has still to deliver', async () => {
    await insertChanges(database, 'js-result', 700)
    await insertChanges(database, 'event-log', 700)
    await insertChanges(database, 'service-event', 10)
    await insertSink(database, 'event-log', 300)
    await insertSink(database, 'event-log', 650)
    await insertSink(database, 'service-event', 0)
    // Of 720 hours, all that there is.
    const prune = () =>
      pruneChanges(database, { keepMs: 3 * day - 1000, sinkKeepMs: 30 * day }, new AbortController().signal)
    await prune()
    // Of 72 hours, the one that is now included.
    expect(await oldestNumbers(database)).toEqual({ 'js-result': 629, 'event-log': 301, 'service-event': 1 })
    await prune()
    expect(await countRows(database, 'record_change')).toBe(72 + 400 + 10)
    await database.kysely.deleteFrom('sink').execute()
    const retention = startQuickly(database, { keepMs: day - 1000 })
    await expect
      .poll(() => oldestNumbers(database), { timeout: 10_000 })
      .toEqual({ 'js-result': 677, 'event-log': 677, 'service-event': 1 })
    await retention.close()
  })

  test('a sink that has not delivered for too long holds back nothing more, and is told what it has lost', async () => {
    await sql`truncate record_change, stream_position, sink`.execute(database.kysely)
    await insertChanges(database, 'js-result', 240)
    await insertSink(database, 'js-result', 20)
    await insertSink(database, 'js-result', 200)
    await insertSink(database, 'event-log', 0)
    const heard = vi.fn()
    const stop = await database.listen('daybook_sink', heard)
    const prune = (sinkKeepMs: number) =>
      pruneChanges(database, { keepMs: day - 1000, sinkKeepMs }, new AbortController().signal)
    // Of ten days, seven are kept for the first sink: of 168 hours, the one that is now included.
    await prune(7 * day - 1000)
    expect(await oldestNumbers(database)).toEqual({ 'js-result': 73 })
    const states = () =>
      database.kysely.selectFrom('sink').select(['state', 'fail_reason', 'cursor', 'last_error'])
    expect(await states().orderBy('id').execute()).toEqual([
      {
        state: 'failed',
        fail_reason: 'behind_too_far',
        cursor: 20,
        last_error: 'behind_too_far: changes from number 21 on are not kept any more',
      },
      { state: 'paused', fail_reason: null, cursor: 200, last_error: null },
      { state: 'paused', fail_reason: null, cursor: 0, last_error: null },
    ])
    await expect.poll(() => heard.mock.calls.length).toBeGreaterThan(0)
    // The next one goes down to what the other sink needs.
    await prune(7 * day - 1000)
    expect(await oldestNumbers(database)).toEqual({ 'js-result': 201 })
    expect(await states().where('cursor', '=', 200).execute()).toMatchObject([{ state: 'paused' }])
    await stop()
  })
})
