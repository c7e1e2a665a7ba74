import { beforeAll, expect, test } from 'vitest'
import type { Database } from '../../src/database/database.ts'
import { parseJson } from '../../src/json.ts'
import { type Call, createCaller, createTextCaller, workerHolder } from '../resource/caller.ts'
import { type Recorder, recordStatements } from '../resource/recorder.ts'
import { describeEngines } from '../support/databases.ts'

interface Ids {
  readonly ids: readonly number[]
}

type Row = Record<string, unknown>

describeEngines('appending', open => {
  const now = 1_775_000_000_123
  let database: Database
  let recorder: Recorder
  let call: Call

  beforeAll(async () => {
    database = await open()
    recorder = recordStatements(database)
    call = createCaller(recorder.database, { now: () => now })
  })

  function append(rows: unknown): Promise<Ids> {
    return call('js-result_append', { rows })
  }

  async function read(id: number | undefined, resource = 'js-result'): Promise<Row | undefined> {
    return (await call<Row[]>(`${resource}_query`, { query: { condition: [{ id }] } }))[0]
  }

  test('answers with the ids in the order of the rows', async () => {
    const rows = Array.from({ length: 1000 }, (_, n) => ({ js_worker_name: 'order', param: n }))
    const { ids } = await append(rows)
    const query = { condition: [{ js_worker_name: 'order' }] }
    const found = await call<Row[]>('js-result_query', { query })
    expect(new Map(found.map(row => [row.param, row.id]))).toEqual(new Map(ids.map((id, n) => [n, id])))
  })

  test('fills in what was left out', async () => {
    const { ids } = await append([{ js_worker_name: 'short' }])
    expect(await read(ids[0])).toEqual({
      id: ids[0],
      js_worker_id: null,
      js_worker_name: 'short',
      run_type: 'call',
      start_time: now,
      finish_time: null,
      param: null,
      result: null,
      error_message: null,
    })
    const event = await call<Ids>('event-log_append', { rows: [{ full_name: 'a.b', sender: 's' }] })
    expect(await read(event.ids[0], 'event-log')).toMatchObject({
      event_type: 'events.NormalType',
      run_type: 'send',
      status: 'waiting',
      attempt: 1,
      created_time: now,
      request_id: expect.stringMatching(/^[\da-f-]{36}$/),
      node_id: expect.stringMatching(/^[\da-f-]{36}$/),
      parent_node_id: null,
    })
  })

  test.each([
    [{}, 'waiting'],
    [{ start_time: 1 }, 'running'],
    [{ start_time: 1, finish_time: 2 }, 'success'],
    [{ result: 0 }, 'success'],
    [{ error_message: '' }, 'fail'],
    [{ error_message: 'x', result: 1 }, 'fail'],
    [{ status: 'running', result: 1 }, 'running'],
  ])('an event with %j has the status %s', async (members, status) => {
    const row = { full_name: 'status', sender: 's', ...members }
    const { ids } = await call<Ids>('event-log_append', { rows: [row] })
    expect(await read(ids[0], 'event-log')).toMatchObject({ status })
  })

  test('keeps a time that is given as null', async () => {
    const { ids } = await append([{ js_worker_name: 'timeless', start_time: null }])
    expect(await read(ids[0])).toMatchObject({ start_time: null })
  })

  test('keeps times to the millisecond, from year 1 to 9999', async () => {
    const times = [-62_135_596_800_000, -1, 0, 1, 999, 1_775_000_000_123, 253_402_300_799_999]
    const { ids } = await append(times.map(time => ({ js_worker_name: 'times', start_time: time })))
    for (const [i, id] of ids.entries()) expect(await read(id)).toMatchObject({ start_time: times[i] })
  })

  test('keeps every digit of a number', async () => {
    const numbers = ['9007199254740993', '-123456789012345678901234567890', '0.12345678901234567890123']
    const text = `[{"js_worker_name":"exact","param":{"n":[${numbers.join()}]},"result":18446744073709551617}]`
    const { ids } = await append(parseJson(text))
    const callText = createTextCaller(database)
    const found = await callText('js-result_query', { query: { condition: [{ id: ids[0] }] } })
    expect(found).toContain(`"param":{"n": [${numbers.join(', ')}]},"result":18446744073709551617`)
    const near = parseJson('[{"js_worker_name":"exact"},{"param_contains":{"n":[9007199254740992]}}]')
    expect(await call('js-result_count', { query: { condition: near } })).toEqual({ count: 0 })
    const same = parseJson('[{"js_worker_name":"exact"},{"param_contains":{"n":[9007199254740993]}}]')
    expect(await call('js-result_count', { query: { condition: same } })).toEqual({ count: 1 })
  })

  test('keeps every character', async () => {
    const text = `%_\\'"\`$1 {a,"b\\\\"} NULL null \r\n\t漢字 🙂 \u{10ffff}\u0001`
    const name = `{%_\\'"$1,NULL} 漢🙂`
    const row = { js_worker_name: name, run_type: 'null', error_message: text, param: { [text]: [text] } }
    const { ids } = await append([row, { ...row, run_type: 'NULL', error_message: '' }])
    expect(await read(ids[0])).toMatchObject(row)
    expect(await read(ids[1])).toMatchObject({ run_type: 'NULL', error_message: '' })
  })

  test('writes appends that arrive together with few statements', async () => {
    recorder.recorded.length = 0
    const appends = Array.from({ length: 300 }, (_, n) =>
      append([{ js_worker_name: 'together', param: { n } }]),
    )
    const ids = (await Promise.all(appends)).map(answer => answer.ids)
    expect(ids.every(each => each.length === 1)).toBe(true)
    expect(recorder.recorded.length).toBeLessThan(10)
    const query = { condition: [{ js_worker_name: 'together' }] }
    const found = await call<Row[]>('js-result_query', { query })
    expect(new Map(found.map(row => [row.id, row.param]))).toEqual(
      new Map(ids.map((id, n) => [id[0], { n }])),
    )
  })

  test('lets a row that the database refuses fail alone', async () => {
    const params = ['1', '{"n":1e200000}', '2', '["\\u0000"]', '3']
    const appends = params.map(param => append([{ js_worker_name: 'alone', param: parseJson(param) }]))
    const settled = await Promise.allSettled(appends)
    const reasons = settled.map(each => (each.status === 'rejected' ? each.reason : undefined))
    const refused = expect.objectContaining({ code: 108, data: { reason: 'value_refused' } })
    expect(reasons).toEqual([undefined, refused, undefined, refused, undefined])
    const query = { condition: [{ js_worker_name: 'alone' }] }
    const found = await call<Row[]>('js-result_query', { query })
    expect(found.map(row => row.param).toSorted()).toEqual([1, 2, 3])
  })

  test.each<[unknown, string, string]>([
    [[], 'rows', 'no row'],
    [Array.from({ length: 1001 }, () => ({ js_worker_name: 'w' })), 'rows', '1001 rows'],
    [{}, 'rows', 'no list'],
    [undefined, 'rows', 'nothing'],
    [[{}], 'rows[0].js_worker_name', 'no name'],
    [[{ js_worker_name: 'w' }, { js_worker_name: '' }], 'rows[1].js_worker_name', 'an empty name'],
    [[{ js_worker_name: 'a*' }], 'rows[0].js_worker_name', 'a star in a name'],
    [[{ js_worker_name: '..' }], 'rows[0].js_worker_name', 'two dots for a name'],
    [[{ js_worker_name: 'a'.repeat(129) }], 'rows[0].js_worker_name', 'a long name'],
    [[{ js_worker_name: 'w', id: 1 }], 'rows[0].id', 'an id'],
    [[{ js_worker_name: 'w', extra: 1 }], 'rows[0].extra', 'an unknown member'],
    [[{ js_worker_name: 'w', start_time: 1.5 }], 'rows[0].start_time', 'half a millisecond'],
    [[{ js_worker_name: 'w', start_time: 1e15 }], 'rows[0].start_time', 'a time after the year 9999'],
    [[{ js_worker_name: 'w', finish_time: '1' }], 'rows[0].finish_time', 'a time as text'],
    [[{ js_worker_name: 'w', error_message: 1 }], 'rows[0].error_message', 'a message that is no text'],
    [[{ js_worker_name: 'w', run_type: null }], 'rows[0].run_type', 'null where there is none'],
  ])('refuses %#: $2', async (rows, path) => {
    const before = await call('js-result_count', { query: { condition: [] } })
    await expect(append(rows)).rejects.toMatchObject({ code: -32602, data: { path } })
    expect(await call('js-result_count', { query: { condition: [] } })).toEqual(before)
  })

  test('writes nothing when one of the names is not permitted', async () => {
    const rows = ['mine', 'theirs', 'mine'].map(js_worker_name => ({ js_worker_name, param: 'mixed' }))
    const caller = workerHolder('write', 'mine')
    await expect(call('js-result_append', { rows }, caller)).rejects.toMatchObject({ code: 102 })
    const query = { condition: [{ param_contains: 'mixed' }] }
    expect(await call('js-result_count', { query })).toEqual({ count: 0 })
    const { ids } = await call<Ids>('js-result_append', { rows: [rows[0]] }, caller)
    expect(ids).toHaveLength(1)
  })
})
