import { sql } from 'kysely'
import { Client } from 'pg'
import { beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Database, Runner } from '../../src/database/database.ts'
import { openDatabase } from '../../src/database/open.ts'
import { resources } from '../../src/resource/kind/index.ts'
import { type Call, createCaller, createTextCaller, superToken, workerHolder } from '../resource/caller.ts'
import { exportText, linesOf } from '../resource/exporting.ts'
import { randomRows } from '../resource/random-row.ts'
import { recordAll } from '../resource/record-rows.ts'
import { createTestPostgres, describeEngines, openTestDatabase } from '../support/databases.ts'

const row = {
  id: 7,
  js_worker_id: 1,
  js_worker_name: 'w',
  run_type: 'call',
  start_time: 1000,
  finish_time: 2000,
  param: { a: 1 },
  result: { ok: true },
  error_message: null,
}

describeEngines('X_import', open => {
  let database: Database
  let target: Database
  let call: Call

  beforeAll(async () => {
    database = await open()
    target = await open()
    call = createCaller(database)
  })

  beforeEach(async () => {
    const tables = resources.map(({ table }) => table).join()
    await sql.raw(`truncate ${tables} restart identity`).execute(database.kysely)
  })

  test('takes back what an export gave, of every resource, once', async () => {
    const importTo = createCaller(target)
    for (const resource of resources.filter(each => each.recorded !== 'keep')) {
      await recordAll({ database, call, resource }, randomRows(resource, 100))
      const exported = linesOf(await exportText({ database, resource }))
      const rows = exported.map(line => JSON.parse(line))
      const half = rows.slice(0, 60).toReversed()
      expect(await importTo(`${resource.name}_import`, { rows: half })).toEqual({ imported: 60, skipped: 0 })
      expect(await importTo(`${resource.name}_import`, { rows })).toEqual({ imported: 40, skipped: 60 })
      const arrived = linesOf(await exportText({ database: target, resource }))
      expect(arrived.map(line => JSON.parse(line))).toEqual(rows)
    }
  })

  test('writes nothing where other records are in place of some, and names them', async () => {
    await call('js-result_import', { rows: [row, { ...row, id: 8 }, { ...row, id: 9, result: null }] })
    const rows = [
      { ...row, id: 10 },
      row,
      { ...row, id: 8, param: null },
      { ...row, id: 9, start_time: 1001 },
    ]
    await expect(call('js-result_import', { rows })).rejects.toMatchObject({
      code: 109,
      data: { reason: 'row_conflict', ids: [8, 9] },
    })
    const twice = {
      rows: [
        { ...row, id: 11 },
        { ...row, id: 11, run_type: 'cron' },
      ],
    }
    await expect(call('js-result_import', twice)).rejects.toMatchObject({ data: { ids: [11] } })
    expect(await call('js-result_count', { query: { condition: [] } })).toEqual({ count: 3 })
  })

  test('refuses an event that is to be merged with one under another id', async () => {
    const event = { execution_id: 'e', name: 'n', namespace: 's', reason: 'r', message: 'm' }
    const { ids } = await call<{ ids: number[] }>('execution-event_append', { rows: [event] })
    const [there] = await call<object[]>('execution-event_query', { query: { condition: [] } })
    const other = { rows: [{ ...there, id: 5 }] }
    await expect(call('execution-event_import', other)).rejects.toMatchObject({
      code: 109,
      data: { ids: [5] },
    })
    expect(await call('execution-event_import', { rows: [there] })).toEqual({ imported: 0, skipped: 1 })
    expect(await call('execution-event_append', { rows: [event] })).toEqual({ ids })
  })

  test('lets what is recorded next be numbered behind the highest id, never before', async () => {
    await call('js-result_import', { rows: [{ ...row, id: 1 }] })
    const append = async () =>
      (await call<{ ids: number[] }>('js-result_append', { rows: [{ js_worker_name: 'w' }] })).ids[0]
    expect(await append()).toBe(2)
    await call('js-result_import', {
      rows: [
        { ...row, id: 100 },
        { ...row, id: 50 },
      ],
    })
    expect(await append()).toBe(101)
    await call('js-result_import', { rows: [{ ...row, id: 3 }] })
    expect(await append()).toBe(102)
  })

  test('never moves the sequence to where ids stop being safe integers', async () => {
    for (const { name } of resources.filter(each => each.recorded !== 'keep')) {
      const beyond = call(`${name}_import`, {
        rows: [{ ...row, id: 2 ** 53 - 1, sequence_number: 2 ** 53 - 1 }],
      })
      await expect(beyond).rejects.toMatchObject({ code: -32602 })
    }
    const highest = { ...row, id: 2 ** 52 }
    expect(await call('js-result_import', { rows: [highest] })).toEqual({ imported: 1, skipped: 0 })
    for (const id of [2 ** 52 + 1, 2 ** 53 - 1]) {
      const beyond = call('js-result_import', { rows: [{ ...row, id }] })
      await expect(beyond).rejects.toMatchObject({ code: -32602, data: { path: 'rows[0].id' } })
    }
    const appended = await call('js-result_append', { rows: [{ js_worker_name: 'w' }] })
    expect(appended).toEqual({ ids: [2 ** 52 + 1] })
  })

  test('counts the rows that came to be, whatever the command says', async () => {
    const silent: Database = Object.create(database, {
      transaction: {
        value: (work: (runner: Runner) => Promise<unknown>) =>
          database.transaction(runner => {
            const run: Runner['run'] = async (...given) => ({ ...(await runner.run(...given)), affected: 0 })
            return work(Object.create(runner, { run: { value: run } }))
          }),
      },
    })
    const rows = [row, { ...row, id: 8 }]
    expect(await createCaller(silent)('js-result_import', { rows })).toEqual({ imported: 2, skipped: 0 })
    expect(await createCaller(silent)('js-result_import', { rows })).toEqual({ imported: 0, skipped: 2 })
  })

  test('keeps open runs open and ended ones ended, and nobody runs them', async () => {
    const open = { ...row, finish_time: null, result: null }
    const rows = [
      { ...open, id: 1 },
      { ...open, id: 2, finish_time: 5 },
      { ...open, id: 3, error_message: '' },
      row,
    ]
    await call('js-result_import', { rows })
    const found = (word: string) =>
      call<{ id: number }[]>('js-result_query', { query: { condition: [word] } })
    expect((await found('is_running')).map(({ id }) => id)).toEqual([1])
    expect((await found('is_success')).map(({ id }) => id)).toEqual([7, 2])
    expect((await found('is_failure')).map(({ id }) => id)).toEqual([3])
    expect(await call('js-result_import', { rows })).toEqual({ imported: 0, skipped: 4 })
    expect(await call('js-result_finish', { id: 1, result: 1 })).toEqual({ updated: 1 })

    const event = { full_name: 'h', sender: 's', status: 'waiting' }
    await call('event-log_append', { rows: [event] })
    const waiting = await call<object[]>('event-log_query', { query: { condition: [] } })
    await call('event-log_import', { rows: waiting.map(each => ({ ...each, id: 9 })) })
    const jobs =
      await sql`select id from event_log where due_time is not null or caller is not null or owner is not null`.execute(
        database.kysely,
      )
    expect(jobs.rows).toEqual([])
  })

  test('lets the stream go on behind the last change event', async () => {
    const publish = async () => {
      await sql`insert into pending_change (diagnostic_id, event_type, folder_name, full_folder_path, body)
        values ('d', 'job.started', 'f', 'f', '{"a": 1}')`.execute(database.kysely)
      await sql`select number_changes(1000)`.execute(database.kysely)
      const rows = await call<Record<string, unknown>[]>('change-event_query', {
        query: { condition: ['last'] },
      })
      return rows[0]
    }
    const first = await publish()
    const { sequence_number: number } = first as { sequence_number: number }
    expect(number).toBeLessThan(40)
    const time = Date.now() + 3_600_000
    const imported = { ...first, sequence_number: 40, offset: '1000', enqueued_time: time, body: { b: 'ä' } }
    await call('change-event_import', { rows: [imported, first] })
    // {"b":"ä"} is ten bytes.
    expect(await publish()).toMatchObject({ sequence_number: 41, offset: '1010', enqueued_time: time })
    await call('change-event_import', { rows: [{ ...imported, sequence_number: number + 1, offset: '8' }] })
    expect(await publish()).toMatchObject({ sequence_number: 42 })
  })

  test('keeps numbers that no double holds, and texts of every kind', async () => {
    const exact = JSON.rawJSON('12345678901234567890.5')
    const rows = [
      { ...row, param: { n: exact }, error_message: 'a\n"ä\u2028漢🙂', js_worker_name: 'x'.repeat(138) },
    ]
    await createTextCaller(database)('js-result_import', { rows })
    const text = await exportText({ database, resource: resources[0] as (typeof resources)[number] })
    expect(text).toContain('12345678901234567890.5')
    expect(JSON.parse(text)).toMatchObject({ error_message: 'a\n"ä\u2028漢🙂' })
  })

  test.each([
    [{ id: 0 }, 'rows[1].id'],
    [{ id: 1.5 }, 'rows[1].id'],
    [{ id: undefined }, 'rows[1].id'],
    [{ param: undefined }, 'rows[1].param'],
    [{ error_message: undefined }, 'rows[1].error_message'],
    [{ js_worker_name: null }, 'rows[1].js_worker_name'],
    [{ js_worker_name: 'a\nb' }, 'rows[1].js_worker_name'],
    [{ start_time: '1' }, 'rows[1].start_time'],
    [{ more: 1 }, 'rows[1].more'],
  ])('names what is wrong with a row: %j', async (change, path) => {
    const rows = [row, { ...row, id: 8, ...change }]
    await expect(call('js-result_import', { rows })).rejects.toMatchObject({ code: -32602, data: { path } })
    expect(await call('js-result_count', { query: { condition: [] } })).toEqual({ count: 0 })
  })

  test('is for the super token alone', async () => {
    const holder = workerHolder('write', '*')
    const denied = { code: 102, data: { reason: 'permission_denied' } }
    await expect(call('js-result_import', { rows: [row] }, holder)).rejects.toMatchObject(denied)
    expect(await call('js-result_import', { rows: [row] }, superToken)).toEqual({ imported: 1, skipped: 0 })
  })
})

describe('X_import beside writers', () => {
  test('no append draws an id that an import brings, and none is lost', async () => {
    const database = await openTestDatabase('postgres')
    try {
      const call = createCaller(database)
      let isDone = false
      const drawn: number[] = []
      const writers = Array.from({ length: 4 }, async () => {
        while (!isDone) {
          const { ids } = await call<{ ids: number[] }>('js-result_append', {
            rows: [{ js_worker_name: 'w' }],
          })
          drawn.push(...ids)
        }
      })
      for (let i = 1; i <= 40; i++) {
        // Far enough ahead that no writer has come there yet.
        const rows = Array.from({ length: 20 }, (_, n) => ({ ...row, id: i * 100_000 + n }))
        expect(await call('js-result_import', { rows })).toEqual({ imported: 20, skipped: 0 })
      }
      isDone = true
      await Promise.all(writers)
      expect(new Set(drawn).size).toBe(drawn.length)
      const { count } = await call<{ count: number }>('js-result_count', { query: { condition: [] } })
      expect(count).toBe(drawn.length + 800)
      expect(Math.max(...drawn)).toBeGreaterThan(100_000)
    } finally {
      await database.close()
    }
  })

  test('numbers are raised when nobody is inserting, and never taken back', async () => {
    const { url, drop } = await createTestPostgres()
    const database = await openDatabase({ url, onError: () => undefined })
    const writer = new Client({ connectionString: url })
    try {
      await writer.connect()
      const call = createCaller(database)
      const insert =
        "insert into js_result (js_worker_name, run_type) select 'w', 'call' from generate_series(1, $1)"
      await writer.query('begin')
      await writer.query(insert, [1])
      const importing = call('js-result_import', { rows: [{ ...row, id: 10 }] })
      const refused = expect(importing).rejects.toMatchObject({ code: 109, data: { ids: [10] } })
      const waiting = "select 1 from pg_locks where relation = 'js_result'::regclass and not granted"
      await vi.waitUntil(async () => (await writer.query(waiting)).rows.length > 0, { timeout: 10_000 })
      await writer.query(insert, [50])
      await writer.query('commit')
      await refused
      expect(await call('js-result_append', { rows: [{ js_worker_name: 'w' }] })).toEqual({ ids: [52] })
    } finally {
      await writer.end()
      await database.close()
      await drop()
    }
  })
})
