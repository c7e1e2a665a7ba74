import { beforeAll, expect, test } from 'vitest'
import { parseJson } from '../../src/json.ts'
import { type Call, createCaller, createTextCaller, workerHolder } from '../resource/caller.ts'
import { describeEngines } from '../support/databases.ts'

type Row = Record<string, unknown>

describeEngines('finishing', open => {
  const now = 1_775_000_000_500
  let call: Call
  let callText: ReturnType<typeof createTextCaller>

  beforeAll(async () => {
    const database = await open()
    call = createCaller(database, { now: () => now })
    callText = createTextCaller(database)
  })

  async function appendRun(members: object = {}): Promise<number> {
    const rows = [{ js_worker_name: 'w', start_time: now - 500, ...members }]
    return (await call<{ ids: number[] }>('js-result_append', { rows })).ids[0] ?? 0
  }

  async function appendEvent(members: object = {}): Promise<number> {
    const rows = [{ full_name: 'a.b', sender: 's', ...members }]
    return (await call<{ ids: number[] }>('event-log_append', { rows })).ids[0] ?? 0
  }

  function finish(id: unknown, members: object): Promise<unknown> {
    return call('js-result_finish', { id, ...members })
  }

  async function find(resource: string, id: number, ...words: string[]): Promise<Row | undefined> {
    const query = { condition: [{ id }, ...words] }
    return (await call<Row[]>(`${resource}_query`, { query }))[0]
  }

  test('with a result makes a success that ended now', async () => {
    const id = await appendRun()
    expect(await finish(id, { result: { ok: true } })).toEqual({ updated: 1 })
    expect(await find('js-result', id, 'is_success')).toMatchObject({
      result: { ok: true },
      error_message: null,
      start_time: now - 500,
      finish_time: now,
    })
  })

  test('with an error message makes a failure', async () => {
    const id = await appendRun()
    expect(await finish(id, { error_message: '', finish_time: 5 })).toEqual({ updated: 1 })
    expect(await find('js-result', id, 'is_failure')).toMatchObject({
      result: null,
      error_message: '',
      finish_time: 5,
    })
  })

  test('with the result null makes a success, not a run that goes on', async () => {
    const id = await appendRun()
    expect(await finish(id, { result: null })).toEqual({ updated: 1 })
    expect(await find('js-result', id, 'is_success')).toMatchObject({ result: null, error_message: null })
    expect(await find('js-result', id, 'is_running')).toBeUndefined()
    expect(await finish(id, { result: 1 })).toEqual({ updated: 0 })
  })

  test('takes the result null beside an error message', async () => {
    const id = await appendRun()
    expect(await finish(id, { result: null, error_message: 'bad' })).toEqual({ updated: 1 })
    expect(await find('js-result', id, 'is_failure')).toMatchObject({ result: null, error_message: 'bad' })
  })

  test.each([{ result: 1 }, { error_message: 'x' }, { finish_time: 1 }])(
    'leaves a run alone that has %j',
    async members => {
      const id = await appendRun(members)
      const before = await find('js-result', id)
      expect(await finish(id, { result: 2 })).toEqual({ updated: 0 })
      expect(await finish(id, { error_message: 'late' })).toEqual({ updated: 0 })
      expect(await find('js-result', id)).toEqual(before)
    },
  )

  test('of an unknown id changes nothing', async () => {
    expect(await finish(2 ** 50, { result: 1 })).toEqual({ updated: 0 })
    expect(await finish(-1, { result: 1 })).toEqual({ updated: 0 })
  })

  test('by many at once is done by one', async () => {
    const id = await appendRun()
    const attempts = Array.from({ length: 8 }, (_, n) => finish(id, { result: n }))
    const updated = (await Promise.all(attempts)) as { updated: number }[]
    expect(updated.reduce((sum, each) => sum + each.updated, 0)).toBe(1)
    expect(await find('js-result', id)).toMatchObject({
      result: updated.findIndex(each => each.updated === 1),
    })
  })

  test('keeps every digit of a number', async () => {
    const id = await appendRun()
    await finish(id, { result: parseJson('{"n":9007199254740993}') })
    const text = await callText('js-result_query', { query: { condition: [{ id }] } })
    expect(text).toContain('"result":{"n": 9007199254740993}')
  })

  test('sets the status of an event', async () => {
    for (const status of ['waiting', 'running']) {
      const good = await appendEvent({ status })
      expect(await call('event-log_finish', { id: good, result: null })).toEqual({ updated: 1 })
      expect(await find('event-log', good)).toMatchObject({ status: 'success', finish_time: now })
      const bad = await appendEvent({ status })
      expect(await call('event-log_finish', { id: bad, error_message: 'x' })).toEqual({ updated: 1 })
      expect(await find('event-log', bad)).toMatchObject({ status: 'fail', error_message: 'x' })
    }
  })

  test.each(['success', 'fail'])('leaves an event alone whose status is %s', async status => {
    const id = await appendEvent({ status })
    expect(await call('event-log_finish', { id, result: 1 })).toEqual({ updated: 0 })
    expect(await find('event-log', id)).toMatchObject({ status, result: null, finish_time: null })
  })

  test.each<[object, string, string]>([
    [{ id: 1, result: 1, error_message: 'x' }, 'error_message', 'both_given'],
    [{ id: 1, result: false, error_message: '' }, 'error_message', 'both_given'],
    [{ id: 1 }, 'result', 'outcome_missing'],
    [{ id: 1, error_message: null }, 'result', 'outcome_missing'],
    [{ result: 1 }, 'id', 'invalid_params'],
    [{ id: '1', result: 1 }, 'id', 'invalid_params'],
    [{ id: 1.5, result: 1 }, 'id', 'invalid_params'],
    [{ id: 1, error_message: 5 }, 'error_message', 'invalid_params'],
    [{ id: 1, result: 1, finish_time: 1e15 }, 'finish_time', 'invalid_params'],
  ])('refuses %j', async (params, path, reason) => {
    await expect(call('js-result_finish', params)).rejects.toMatchObject({
      code: -32602,
      data: { path, reason },
    })
  })

  test('of a record that is not the caller’s looks like an unknown id', async () => {
    const mine = await appendRun({ js_worker_name: 'mine' })
    const theirs = await appendRun({ js_worker_name: 'theirs' })
    const caller = workerHolder('write', 'mine')
    expect(await call('js-result_finish', { id: theirs, result: 1 }, caller)).toEqual({ updated: 0 })
    expect(await find('js-result', theirs, 'is_running')).toBeDefined()
    expect(await call('js-result_finish', { id: mine, result: 1 }, caller)).toEqual({ updated: 1 })
  })

  test('without a permission to write anything is 102', async () => {
    const id = await appendRun()
    const refusal = expect.objectContaining({ code: 102 })
    for (const caller of [workerHolder('read', '*'), workerHolder('write')]) {
      await expect(call('js-result_finish', { id, result: 1 }, caller)).rejects.toEqual(refusal)
    }
  })
})
