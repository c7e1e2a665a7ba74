import { sql } from 'kysely'
import { beforeAll, expect, test, vi } from 'vitest'
import type { Database } from '../../src/database/database.ts'
import { changeEvent } from '../../src/resource/kind/change-event.ts'
import { pruneChanges } from '../../src/retention/prune.ts'
import { createChangeLog } from '../../src/stream/change-log.ts'
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
      pruneChanges(
        database,
        { keepMs: 3 * day - 1000, sinkKeepMs: 30 * day, eventKeepMs: day },
        new AbortController().signal,
      )
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
      pruneChanges(
        database,
        { keepMs: day - 1000, sinkKeepMs, eventKeepMs: day },
        new AbortController().signal,
      )
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

  /** Change events of the numbers 1 to `count`, each an hour younger than the one before; every third was published. */
  async function insertEvents(count: number): Promise<void> {
    await sql`truncate record_change, sink, change_event`.execute(database.kysely)
    await sql`insert into change_event (sequence_number, "offset", enqueued_time, diagnostic_id, event_type, schema_version,
        timestamp, tenant_key, tenant_name, folder_name, full_folder_path, folder_key, body, is_own)
      select n, n, now() - (${count}::int - n) * interval '1 hour', '00', 'job.started', '0.0.1', now(), '', '', 'a', 'a', '',
        '{}', n % 3 > 0
      from generate_series(1, ${count}::int) as n`.execute(database.kysely)
    await sql`delete from stream_position`.execute(database.kysely)
    await sql`insert into stream_position (resource, last_number) values ('change-event', ${count})`.execute(
      database.kysely,
    )
  }

  async function keptNumbers(): Promise<readonly number[]> {
    const select = database.kysely.selectFrom('change_event').select('sequence_number')
    const rows = await select.where('is_own', '=', true).orderBy('sequence_number').execute()
    return rows.map(row => Number(row.sequence_number))
  }

  async function countPublished(): Promise<number> {
    const select = database.kysely.selectFrom('change_event').select('sequence_number')
    return (await select.where('is_own', '=', false).execute()).length
  }

  test('change events that Daybook wrote itself leave once they are old enough, published ones stay', async () => {
    await insertEvents(1000)
    const log = createChangeLog(database)
    expect(await log.whyNotKept(changeEvent, 0)).toBeUndefined()
    const retention = startQuickly(database, { eventKeepMs: 2 * day - 1000 })
    // Of 48 hours, the one that is now included.
    await expect.poll(async () => (await keptNumbers())[0], { timeout: 10_000 }).toBe(953)
    await retention.close()
    expect(await countPublished()).toBe(333)
    const walked = await database.kysely.selectFrom('stream_position').select('walked_number').execute()
    expect(walked.map(row => Number(row.walked_number))).toEqual([952])
    // Nobody goes on where something has left, also not between what stays.
    const tooOld = { reason: 'sequence_too_old', oldest: 953 }
    expect(await log.whyNotKept(changeEvent, 0)).toEqual(tooOld)
    expect(await log.whyNotKept(changeEvent, 951)).toEqual(tooOld)
    await expect(log.read(changeEvent, 900, 100)).rejects.toMatchObject({
      code: 108,
      data: { reason: 'sequence_too_old' },
    })
    expect(await log.whyNotKept(changeEvent, 952)).toBeUndefined()
    expect((await log.read(changeEvent, 952, 10)).changes[0]?.number).toBe(953)
    // What somebody deletes leaves a hole that nobody minds.
    await sql`delete from change_event where sequence_number between 960 and 970`.execute(database.kysely)
    expect((await log.read(changeEvent, 955, 100)).changes).toHaveLength(45 - 11)
  })

  test('change events stay for a sink that has still to deliver them, as long as its bound', async () => {
    await insertEvents(240)
    await insertSink(database, 'change-event', 20)
    await insertSink(database, 'change-event', 200)
    const signal = new AbortController().signal
    const prune = (sinkKeepMs: number) =>
      pruneChanges(database, { keepMs: day, sinkKeepMs, eventKeepMs: day - 1000 }, signal)
    await prune(30 * day)
    expect((await keptNumbers())[0]).toBe(22)
    await prune(7 * day - 1000)
    expect((await keptNumbers())[0]).toBe(73)
    const states = database.kysely.selectFrom('sink').select(['cursor', 'fail_reason']).orderBy('id')
    expect(await states.execute()).toEqual([
      { cursor: 20, fail_reason: 'behind_too_far' },
      { cursor: 200, fail_reason: null },
    ])
    await prune(7 * day - 1000)
    expect((await keptNumbers())[0]).toBe(202)
  })

  test('machines that have said nothing for so long are forgotten', async () => {
    await sql`insert into machine (name, kind, host_name, status, reporting_time, created_time)
      select 'far ' || days, 'remote', 'far', case when days > 1 then 'Disconnected' else 'Available' end,
        now() - days * interval '1 day', now()
      from unnest(array[1, 6, 8]) as days`.execute(database.kysely)
    const periods = { keepMs: day, sinkKeepMs: day, eventKeepMs: 7 * day }
    await pruneChanges(database, periods, new AbortController().signal)
    const names = await database.kysely.selectFrom('machine').select('name').orderBy('id').execute()
    expect(names.map(({ name }) => name)).toEqual(['far 1', 'far 6'])
  })
})
