import { afterAll, beforeAll, describe, expect, expectTypeOf, test } from 'vitest'
import { type Client, type ConditionOf, createClient, DaybookError } from '../../src/client/client.ts'
import type { Engine } from '../../src/database/database.ts'
import { parseJson, stringifyJson } from '../../src/json.ts'
import { engines } from '../support/databases.ts'
import { secrets, startOn, type TestApp } from '../wire/support/app.ts'
import { createTestData, type TestData } from '../wire/support/data.ts'

let data: TestData
let server: TestApp
const token = secrets.root
let client: Client

beforeAll(async () => {
  data = await createTestData(engines[0] as Engine)
  server = await startOn(data)
  client = createClient({ url: server.url, token })
}, 60_000)

afterAll(async () => {
  await server.close()
  await data.remove()
})

describe('records', () => {
  test('are appended, counted, queried and deleted', async () => {
    const ids = await client.append('js-result', [
      { js_worker_name: 'crud', run_type: 'call', start_time: 1, result: { ok: true } },
      { js_worker_name: 'crud', run_type: 'cron', start_time: 2, error_message: 'no' },
    ])
    const mine = { js_worker_name: 'crud' }
    expect(await client.count('js-result', [mine])).toBe(2)
    const [row] = await client.query('js-result', [mine, 'is_failure'])
    expect(row).toMatchObject({ id: ids[1], run_type: 'cron', start_time: 2, result: null })
    expectTypeOf(row?.start_time).toEqualTypeOf<number | null | undefined>()

    expect(await client.delete('js-result', [mine], { dryRun: true })).toMatchObject({
      deleted: 0,
      would_delete: 2,
    })
    await expect(client.delete('js-result', [mine], { maxAffected: 1 })).rejects.toMatchObject({ code: 108 })
    expect(await client.delete('js-result', [mine])).toMatchObject({ deleted: 2 })
  })

  test('come one by one and as the values of a field', async () => {
    const rows = ['got_a', 'got_b', 'got_b'].map(js_worker_name => ({ js_worker_name }))
    const [id = 0] = await client.append('js-result', rows)
    const row = await client.get('js-result', id)
    expect(row).toMatchObject({ id, js_worker_name: 'got_a' })
    expectTypeOf(row.start_time).toEqualTypeOf<number | null>()
    await expect(client.get('js-result', 2 ** 50)).rejects.toMatchObject({
      code: 105,
      reason: 'record_not_found',
    })

    const facet = await client.facet('js-result', [], {
      field: 'js_worker_name',
      prefix: 'got_',
      limit: 1,
    })
    expect(facet).toEqual({ values: [{ value: 'got_b', count: 2 }], truncated: true })
    // @ts-expect-error the values of times are not counted
    await expect(client.facet('js-result', [], { field: 'start_time' })).rejects.toMatchObject({
      code: -32602,
    })
  })

  test('are counted by field, by time and by state', async () => {
    const rows = ['stat_a', 'stat_b', 'stat_b'].map(name => ({ js_worker_name: name, start_time: 0 }))
    await client.append('js-result', rows)
    const mine = { js_worker_name_like: 'stat_*' } as const
    const answer = await client.stats('js-result', [mine], {
      group_by: ['js_worker_name', 'state'],
      bucket: { ms: 'auto', field: 'start_time', time_zone: 'Europe/Berlin' },
      percentiles: [0.5],
      top: 1,
    })
    const by_state = { success: 0, failure: 0, running: 2, waiting: 0 }
    expect(answer).toMatchObject({
      total: 3,
      groups: [
        { key: { js_worker_name: 'stat_b', state: 'running' }, count: 2, by_state, duration: { p50: null } },
      ],
      buckets: [{ time: 0, count: 3 }],
      truncated: true,
    })
    expectTypeOf(answer.groups[0]?.duration?.p50).toEqualTypeOf<number | null | undefined>()
    // @ts-expect-error payloads are no field to group by
    await expect(client.stats('js-result', [], { group_by: ['param'] })).rejects.toMatchObject({
      code: -32602,
    })
  })

  test('are finished once', async () => {
    const [id = 0] = await client.append('event-log', [{ full_name: 'app.on_order', sender: 'app' }])
    expect(await client.finish('event-log', id, { result: { ok: true }, finish_time: 9 })).toBe(true)
    expect(await client.finish('event-log', id, { error_message: 'late' })).toBe(false)
    const [row] = await client.query('event-log', [{ id }])
    expect(row).toMatchObject({ status: 'success', result: { ok: true }, finish_time: 9 })
    expectTypeOf(row?.status).toEqualTypeOf<'waiting' | 'running' | 'success' | 'fail' | undefined>()
  })

  test('come one after the other over all pages, in the order and with the members that were asked for', async () => {
    const rows = Array.from({ length: 25 }, (_, i) => ({ js_worker_name: 'paged', start_time: i }))
    await client.append('js-result', rows)
    const seen: object[] = []
    const pages = client.page('js-result', [{ js_worker_name: 'paged' }], {
      pageSize: 10,
      order: 'oldest',
      fields: ['start_time'],
    })
    for await (const row of pages) {
      expectTypeOf(row).toEqualTypeOf<{ start_time: number | null }>()
      seen.push(row)
    }
    expect(seen).toEqual(rows.map(({ start_time }) => ({ start_time })))
  })

  test('show what is made of their fields when it is asked for', async () => {
    await client.append('js-result', [
      { js_worker_name: 'made', start_time: 1, finish_time: 4, error_message: 'first\nsecond' },
    ])
    const fields = ['state', 'duration_ms', 'error_first_line'] as const
    const seen: object[] = []
    for await (const row of client.page('js-result', [{ js_worker_name: 'made' }], { fields })) {
      expectTypeOf(row.state).toEqualTypeOf<'success' | 'failure' | 'running' | 'waiting' | null>()
      seen.push(row)
    }
    expect(seen).toEqual([{ state: 'failure', duration_ms: 3, error_first_line: 'first' }])
  })

  test('are asked for no further than they are wanted', async () => {
    let requests = 0
    const counting: typeof fetch = (...args) => {
      requests += 1
      return fetch(...args)
    }
    const frugal = createClient({ url: server.url, token, fetch: counting })
    for await (const row of frugal.page('js-result', [{ js_worker_name: 'paged' }], { pageSize: 5 })) {
      if (row.start_time === 22) break
    }
    expect(requests).toBe(1)
  })

  test('of services and executions have their own members and conditions', async () => {
    const broken = {
      project_id: 'shop',
      service_id: 'till',
      service_name: 'Till',
      event_type: 'abnormal',
      event_info: 'The till is stuck',
    } as const
    await client.append('service-event', [
      broken,
      { ...broken, event_type: 'normal', event_info: 'It opened' },
    ])
    const [found, ...others] = await client.query('service-event', [
      { service_id: 'till' },
      { event_info_contains: 'STUCK' },
    ])
    expect(found).toMatchObject(broken)
    expect(others).toEqual([])
    expectTypeOf(found?.event_type).toEqualTypeOf<'normal' | 'abnormal' | undefined>()

    const event = {
      execution_id: 'run',
      name: 'run.1',
      namespace: 'shop',
      reason: 'Began',
      message: 'it began',
    }
    const [first, again] = await client.append('execution-event', [event, event])
    expect(again).toBe(first)
    const [merged] = await client.query('execution-event', [{ execution_id: 'run' }, { count: 2 }])
    expect(merged).toMatchObject({ ...event, id: first, elem_id: null })
    expectTypeOf(merged?.elem_id).toEqualTypeOf<string | null | undefined>()
  })

  test('of changes are read, and neither appended nor ended', async () => {
    const started = { event_type_like: 'machine.*' }
    await expect.poll(() => client.count('change-event', [started])).toBeGreaterThan(0)
    const [change] = await client.query('change-event', [started, { sequence_number: 1 }])
    expect(change?.sequence_number).toBe(1)
    expectTypeOf(change?.sequence_number).toEqualTypeOf<number | undefined>()
    // @ts-expect-error changes are published
    await expect(client.append('change-event', [])).rejects.toMatchObject({ code: -32601 })
    // @ts-expect-error only runs end
    await expect(client.finish('service-event', 1, { result: 1 })).rejects.toMatchObject({ code: -32601 })
  })

  test('keep numbers beyond 2^53', async () => {
    const param = parseJson('{"n":9007199254740993}')
    await client.append('js-result', [{ js_worker_name: 'exact', param }])
    const [row] = await client.query('js-result', [{ param_contains: param }])
    expect(stringifyJson(row?.param)).toBe('{"n":9007199254740993}')
  })
})

test('any method can be called by its name', async () => {
  expect(await client.call('nodeget-server_hello', {})).toBe('NodeGet Server Is Running!')
  const { count } = await client.call('js-result_count', {
    query: { condition: ['is_running', 'is_failure'] },
  })
  expectTypeOf(count).toEqualTypeOf<number>()
  expect(count).toBe(0)
})

test('a condition that is none is a DaybookError with its path, and does not compile', async () => {
  // @ts-expect-error a limit is a number
  const wrongType: ConditionOf<'js-result'> = { limit: 'ten' }
  const thrown = await client.query('js-result', ['is_failure', wrongType]).catch((error: unknown) => error)
  expect(thrown).toBeInstanceOf(DaybookError)
  expect(thrown).toMatchObject({ code: -32602, reason: 'wrong_type', path: 'query.condition[1].limit' })
  // @ts-expect-error an event-log has a status, a js-result has none
  const unknownKey: ConditionOf<'js-result'> = { status: 'fail' }
  await expect(client.count('js-result', [unknownKey])).rejects.toBeInstanceOf(DaybookError)
  // @ts-expect-error only what has a start and a finish has a duration
  const noDuration: ConditionOf<'service-event'> = { duration_from: 1 }
  await expect(client.count('service-event', [noDuration])).rejects.toBeInstanceOf(DaybookError)
  // @ts-expect-error changes only know failures
  const unknownWord: ConditionOf<'change-event'> = 'is_success'
  await expect(client.count('change-event', [unknownWord])).rejects.toBeInstanceOf(DaybookError)
})

describe('tokens', () => {
  const limits = [{ scopes: ['global'], permissions: [{ js_result: { read: 'demo_*' } }] }]

  test('are made, looked at, changed and deleted', async () => {
    const { key, secret } = await client.tokens.create({
      username: 'bob',
      password: 'a password',
      token_limit: limits,
    })
    expect(await client.tokens.get('bob')).toMatchObject({ token_key: key, token_limit: limits })
    expect((await client.tokens.list()).map(token => token.username)).toEqual(
      expect.arrayContaining(['root', 'bob']),
    )
    const bob = createClient({ url: server.url, token: `${key}:${secret}` })
    expect(await bob.tokens.get()).toMatchObject({ username: 'bob' })
    expect(
      await bob.tokens.explain({ js_worker: 'demo_a' }, { js_result: { read: 'demo_a' } }),
    ).toMatchObject({
      allowed: true,
    })
    const { jwt } = await bob.tokens.issue(60_000)
    expect(await createClient({ url: server.url, token: jwt }).count('js-result', [])).toBe(0)

    expect(await client.tokens.edit(key, [])).toMatchObject({ success: true })
    expect(await client.tokens.changePassword('bob', 'another one')).toMatchObject({ success: true })
    expect((await client.tokens.roll(key)).key).toBe(key)
    expect(await client.tokens.delete('bob')).toMatchObject({ matched_by: 'username' })
    await expect(client.tokens.get('bob')).rejects.toMatchObject({ code: 105 })
  })
})

test('without a credential nothing is answered', async () => {
  await expect(createClient({ url: server.url }).count('js-result', [])).rejects.toMatchObject({ code: 102 })
})
