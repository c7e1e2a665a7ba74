import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Database } from '../../src/database/database.ts'
import { createStore } from '../../src/definition/store.ts'
import { parseJson } from '../../src/json.ts'
import { invoke } from '../../src/method/invoke.ts'
import type { Method } from '../../src/method/method.ts'
import { type SinkMethodDeps, sinkMethods } from '../../src/method/sink.ts'
import { newWebhookSecret } from '../../src/outbound/webhook.ts'
import type { TokenLimit } from '../../src/permission/limit.ts'
import { createSealer } from '../../src/seal.ts'
import { sink } from '../../src/sink/sink.ts'
import { createChangeLog } from '../../src/stream/change-log.ts'
import { describeEngines } from '../support/databases.ts'
import { fault, startTokens, type TestTokens } from '../token/tokens.ts'

type Members = Readonly<Record<string, unknown>>

const sealer = createSealer('s'.repeat(32))
const secret = newWebhookSecret()
const webhook = { webhook: { url: 'https://example.com/hook', secret } }
const nats = { nats: { servers: ['nats.example.com:4222'], subject: 'a.b' } }
const file = { file: { name: 'out' } }
const plain = { resource: 'js-result', query: { condition: [] }, target: webhook }
const done = { success: true }

/** As much as a token that is not the super token may be given. */
const everything: TokenLimit = [
  {
    scopes: ['global'],
    permissions: [{ js_result: { read: '*' } }, { change_event: { read: '*' } }],
  },
] as TokenLimit

describeEngines('the methods of sinks', open => {
  let database: Database
  let tokens: TestTokens
  let methods: ReadonlyMap<string, Method>

  beforeAll(async () => {
    database = await open()
    tokens = await startTokens(database)
    const deps: SinkMethodDeps = {
      database,
      sealer,
      clock: tokens.clock,
      changes: createChangeLog(database),
      maxConditions: 5,
      outboundAllow: ['127.0.0.1:9000'],
    }
    methods = new Map(sinkMethods(deps).map(method => [method.name, method]))
  })
  afterAll(() => tokens.authenticator.close())
  beforeEach(async () => {
    await database.kysely.deleteFrom('sink').execute()
  })

  async function call(verb: string, params: Members = {}, bearer = tokens.root): Promise<unknown> {
    const method = methods.get(`sink_${verb}`)
    if (method === undefined) throw new Error(`no method ${verb}`)
    const context = { bearer, correlationId: 'test' }
    const result = await invoke(method, params, context, tokens.authenticator.authenticate)
    // What is answered is what is documented.
    expect(method.result.safeParse(result).error).toBeUndefined()
    return result
  }
  const create = (name: string, rest: Members = {}) => call('create', { name, ...plain, ...rest })
  const statusOf = async (name: string): Promise<Members> => {
    const { sinks } = (await call('status', { name })) as { sinks: Members[] }
    return sinks[0] ?? {}
  }
  const set = (values: Members) => database.kysely.updateTable('sink').set(values).execute()

  async function lastNumber(): Promise<number> {
    const query = database.kysely.selectFrom('stream_position').select('last_number')
    return (await query.where('resource', '=', 'js-result').executeTakeFirst())?.last_number ?? 0
  }

  /** Numbers three changes of js-results one by one: what is numbered together is kept together. */
  async function recordThree(): Promise<void> {
    for (const _ of [1, 2, 3]) {
      await database.kysely
        .insertInto('js_result')
        .values({ js_worker_name: 'a', run_type: 'call' })
        .execute()
      await database.run({ name: undefined, sql: 'select number_changes(1000)', parameters: [] }, [])
    }
  }

  test.each([
    ['create', { name: 'new', ...plain }],
    ['read', { name: 'there' }],
    ['list', {}],
    ['update', { name: 'there' }],
    ['delete', { name: 'there' }],
    ['pause', { name: 'there' }],
    ['resume', { name: 'there' }],
    ['status', {}],
  ])('sink_%s is for the super token alone, whether or not there is such a sink', async (verb, params) => {
    await create('there')
    const { credential } = await tokens.create(everything)
    for (const name of ['there', 'absent']) {
      const given = 'name' in params ? { ...params, name } : params
      await expect(call(verb, given, credential)).rejects.toMatchObject(fault(102, 'permission_denied'))
    }
    expect(await call('list')).toMatchObject({ sinks: [{ name: 'there', state: 'running' }] })
  })

  test.each(['read', 'update', 'delete', 'pause', 'resume', 'status'])(
    'sink_%s of an absent one is 105',
    async verb => {
      await expect(call(verb, { name: 'absent' })).rejects.toMatchObject(fault(105, 'sink_not_found'))
    },
  )

  test('shows what was given and the defaults, in order of the names, and no secret', async () => {
    const headers = { authorization: 'Bearer hidden' }
    const target = { webhook: { ...webhook.webhook, headers } }
    // One more than a double holds.
    const condition = parseJson('[{"js_worker_name_like":"a*"},{"param_contains":{"n":9007199254740993}}]')
    const { id } = (await create('b', { target, query: { condition }, after: 0 })) as { id: number }
    await create('a', {
      target: { nats: { ...nats.nats, stream: 'S', user: 'u', password: 'hidden' } },
      batch_size: 7,
    })
    await create('c', { target: file })
    const shared = {
      id: expect.any(Number),
      resource: 'js-result',
      format: 'row',
      batch_size: 100,
      state: 'running',
      query: { condition: [] },
      created_time: tokens.clock(),
      updated_time: tokens.clock(),
    }
    const b = {
      ...shared,
      id,
      name: 'b',
      query: { condition },
      target: {
        webhook: { url: 'https://example.com/hook', secret: '***', headers: { authorization: '***' } },
      },
    }
    const list = await call('list')
    expect(list).toEqual({
      sinks: [
        {
          ...shared,
          name: 'a',
          target: { nats: { ...nats.nats, stream: 'S', user: 'u', password: '***' } },
          batch_size: 7,
        },
        b,
        { ...shared, name: 'c', target: { file: { name: 'out', max_bytes: 67_108_864, keep: 10 } } },
      ],
    })
    expect(await call('read', { name: 'b' })).toEqual(b)
    const rows = await database.kysely.selectFrom('sink').selectAll().execute()
    for (const text of [JSON.stringify(list), JSON.stringify(rows)]) {
      expect(text).not.toContain('hidden')
      expect(text).not.toContain(secret)
    }
    expect((await stored('b')).target).toMatchObject({ webhook: { secret, headers } })
  })

  test.each([
    [{ name: undefined }, 'name'],
    [{ name: 'a*' }, 'name'],
    [{ name: '' }, 'name'],
    [{ resource: 'nope' }, 'resource'],
    [{ query: undefined }, 'query'],
    [{ query: { condition: 'last' } }, 'query.condition'],
    [{ query: { condition: [], extra: 1 } }, 'query.extra'],
    [{ query: { condition: ['is_failure', { nope: 1 }] } }, 'query.condition[1].nope'],
    [{ query: { condition: [{ limit: 1 }] } }, 'query.condition[0]'],
    [{ query: { condition: ['last'] } }, 'query.condition[0]'],
    [{ query: { condition: ['all'] } }, 'query.condition[0]'],
    [{ target: undefined }, 'target'],
    [{ target: {} }, 'target'],
    [{ target: { ...nats, ...file } }, 'target'],
    [{ target: { mail: {} } }, 'target.mail'],
    [{ target: { webhook: {} } }, 'target.webhook.url'],
    [{ target: { webhook: { url: 'http://10.0.0.1/' } } }, 'target.webhook.url'],
    [{ target: { webhook: { url: 'ftp://example.com/' } } }, 'target.webhook.url'],
    [{ target: { webhook: { ...webhook.webhook, secret: 'x' } } }, 'target.webhook.secret'],
    [{ target: { webhook: { ...webhook.webhook, headers: { host: 'a' } } } }, 'target.webhook.headers.host'],
    [
      { target: { webhook: { ...webhook.webhook, headers: { 'webhook-id': 'a' } } } },
      'target.webhook.headers.webhook-id',
    ],
    [
      { target: { webhook: { ...webhook.webhook, headers: { a: 'b\r\nc: d' } } } },
      'target.webhook.headers.a',
    ],
    [{ target: { nats: { ...nats.nats, servers: [] } } }, 'target.nats.servers'],
    [{ target: { nats: { ...nats.nats, servers: ['nats://u:p@host'] } } }, 'target.nats.servers[0]'],
    [{ target: { nats: { ...nats.nats, subject: 'a.>' } } }, 'target.nats.subject'],
    [{ target: { nats: { ...nats.nats, subject: 'a b' } } }, 'target.nats.subject'],
    [{ target: { nats: { ...nats.nats, subject: '$JS.API.x' } } }, 'target.nats.subject'],
    [{ target: { nats: { ...nats.nats, user: 'u' } } }, 'target.nats.password'],
    [{ target: { nats: { ...nats.nats, token: 't', user: 'u', password: 'p' } } }, 'target.nats.user'],
    [{ target: { nats: { ...nats.nats, nkey: 'SUnope' } } }, 'target.nats.nkey'],
    [{ target: { file: { name: '../up' } } }, 'target.file.name'],
    [{ target: { file: { name: '.hidden' } } }, 'target.file.name'],
    [{ target: { file: { name: 'a', max_bytes: 1 } } }, 'target.file.max_bytes'],
    [{ format: 'envelope' }, 'format'],
    [{ batch_size: 0 }, 'batch_size'],
    [{ batch_size: 1001 }, 'batch_size'],
    [{ after: -1 }, 'after'],
    [{ unknown: 1 }, 'unknown'],
  ])('refuses %j', async (change, path) => {
    const malformed = { code: -32602, data: { path } }
    await expect(create('bad', change)).rejects.toMatchObject(malformed)
    expect(await call('list')).toEqual({ sinks: [] })
  })

  test('allows what the operator allows, and has no more conditions than a query', async () => {
    await create('own', { target: { webhook: { url: 'http://127.0.0.1:9000/' } } })
    const condition = Array(6).fill('is_failure')
    await expect(create('many', { query: { condition } })).rejects.toMatchObject(
      fault(110, 'too_many_conditions'),
    )
  })

  test('a name or a file that is in use is 109', async () => {
    await create('a', { target: file })
    await expect(create('a')).rejects.toMatchObject(fault(109, 'name_in_use'))
    const same = { target: { file: { name: 'OUT' } } }
    await expect(create('b', same)).rejects.toMatchObject(fault(109, 'file_in_use'))
    await create('b')
    await expect(call('update', { name: 'b', ...same })).rejects.toMatchObject(fault(109, 'file_in_use'))
    expect(await call('update', { name: 'a', target: { file: { name: 'out', keep: 1 } } })).toEqual(done)
  })

  describe('begins', () => {
    let last: number
    beforeAll(async () => {
      await recordThree()
      last = await lastNumber()
    })

    test('now, behind a number, or with all that is kept', async () => {
      await create('now')
      await create('behind', { after: last - 2 })
      await create('all', { after: 0 })
      expect(await statusOf('now')).toEqual({
        name: 'now',
        resource: 'js-result',
        state: 'running',
        fail_reason: null,
        cursor: last,
        last_sequence_number: last,
        lag: 0,
        age_ms: 0,
        failures: 0,
        last_error: null,
        next_attempt_time: null,
        delivered: 0,
        last_delivered: null,
      })
      expect(await statusOf('behind')).toMatchObject({ cursor: last - 2, lag: 2, age_ms: expect.any(Number) })
      expect(await statusOf('all')).toMatchObject({ cursor: 0, lag: last })
      expect(((await call('status')) as { sinks: Members[] }).sinks.map(sink => sink.name)).toEqual([
        'all',
        'behind',
        'now',
      ])
    })

    test('not ahead of the last number, nor with what is not kept any more', async () => {
      const ahead = { code: 108, data: { reason: 'sequence_ahead', path: 'after', last } }
      await expect(create('a', { after: last + 1 })).rejects.toMatchObject(ahead)
      await database.kysely.deleteFrom('record_change').where('last_number', '<', last).execute()
      const old = { code: 108, data: { reason: 'sequence_too_old', path: 'after', oldest: last } }
      await expect(create('a', { after: 1 })).rejects.toMatchObject(old)
      await create('all', { after: 0 })
      expect(await statusOf('all')).toMatchObject({ cursor: last - 1, lag: 1 })
    })
  })

  test('a change leaves alone what it does not name, and the secret of a webhook', async () => {
    await create('a', { query: { condition: ['is_failure'] }, batch_size: 5 })
    await set({ cursor: 2, delivered: 1, failures: 3 })
    const before = await call('read', { name: 'a' })
    expect(await call('update', { name: 'a' })).toEqual(done)
    expect(await call('read', { name: 'a' })).toEqual(before)
    const moved = { webhook: { url: 'https://example.org/' } }
    await call('update', { name: 'a', target: moved })
    const { target, batch_size, cursor, delivered, query } = await stored('a')
    expect(target).toEqual({ webhook: { url: 'https://example.org/', secret, headers: {} } })
    expect([batch_size, cursor, delivered, query.condition]).toEqual([5, 2, 1, ['is_failure']])
    await call('update', { name: 'a', target: { webhook: { ...moved.webhook, secret: null } } })
    expect(await call('read', { name: 'a' })).toMatchObject({ target: { webhook: { secret: null } } })
    await call('update', { name: 'a', target: nats, query: { condition: [] } })
    expect(await stored('a')).toMatchObject({
      target: { nats: { ...nats.nats, stream: null } },
      query: { condition: [] },
    })
    const wrong = { code: -32602, data: { path: 'query.condition[0]' } }
    await expect(call('update', { name: 'a', query: { condition: ['last'] } })).rejects.toMatchObject(wrong)
  })

  test('a secret that cannot be read stays as it is until it is given anew', async () => {
    await create('a')
    const lost = createSealer('another'.repeat(8)).seal('{}')
    await set({ secrets: lost })
    await call('update', { name: 'a', batch_size: 9 })
    const query = database.kysely.selectFrom('sink').select('secrets')
    expect(await query.executeTakeFirst()).toEqual({ secrets: lost })
    const { url } = webhook.webhook
    const missing = { code: -32602, data: { path: 'target.webhook.secret' } }
    await expect(call('update', { name: 'a', target: { webhook: { url } } })).rejects.toMatchObject(missing)
    await call('update', { name: 'a', target: webhook })
    expect(await stored('a')).toMatchObject({ is_locked: false, target: { webhook: { secret } } })
  })

  test('pauses and resumes, also after it failed; nothing moves its place', async () => {
    await create('a')
    await recordThree()
    const cursor = (await lastNumber()) - 1
    await set({ cursor })
    expect(await call('pause', { name: 'a' })).toEqual(done)
    expect(await statusOf('a')).toMatchObject({ state: 'paused', cursor })
    await call('pause', { name: 'a' })
    expect(await call('resume', { name: 'a' })).toEqual({ ...done, skipped: 0 })
    expect(await statusOf('a')).toMatchObject({ state: 'running', cursor })
    await set({ state: 'failed', failures: 9, last_error: 'x' })
    // It failed: pausing it must not hide that.
    await call('pause', { name: 'a' })
    expect(await statusOf('a')).toMatchObject({ state: 'failed', failures: 9, last_error: 'x' })
    await call('resume', { name: 'a' })
    expect(await statusOf('a')).toMatchObject({ state: 'running', failures: 0, last_error: null, cursor })
  })

  test('tells the age of what is not delivered yet', async () => {
    await create('a')
    expect(await statusOf('a')).toMatchObject({ age_ms: 0 })
    await recordThree()
    const hour = 3_600_000
    const numbered_time = new Date(Date.now() - hour)
    await database.kysely.updateTable('record_change').set({ numbered_time }).execute()
    const { age_ms: age } = (await statusOf('a')) as { age_ms: number }
    expect(age).toBeGreaterThanOrEqual(hour - 1000)
    expect(age).toBeLessThan(hour + 60_000)
  })

  test('resumes behind changes that are not kept any more only where that is asked for', async () => {
    await recordThree()
    await create('a')
    const last = await lastNumber()
    const before = last - 3
    await set({ state: 'failed', fail_reason: 'behind_too_far', cursor: before })
    await database.kysely.deleteFrom('record_change').where('last_number', '<', last).execute()
    const lost = { reason: 'behind_too_far', path: 'skip_lost', lost_from: before + 1, oldest: last }
    await expect(call('resume', { name: 'a' })).rejects.toMatchObject({ code: 108, data: lost })
    expect(await statusOf('a')).toMatchObject({
      state: 'failed',
      fail_reason: 'behind_too_far',
      cursor: before,
    })
    expect(await call('resume', { name: 'a', skip_lost: true })).toEqual({ ...done, skipped: 2 })
    expect(await statusOf('a')).toMatchObject({
      state: 'running',
      fail_reason: null,
      cursor: last - 1,
      lag: 1,
    })
    // Where nothing is lost there is nothing to pass over.
    expect(await call('resume', { name: 'a', skip_lost: true })).toEqual({ ...done, skipped: 0 })
  })

  test('a deleted sink is gone', async () => {
    await create('a')
    expect(await call('delete', { name: 'a' })).toEqual(done)
    expect(await call('list')).toEqual({ sinks: [] })
    await create('a')
  })

  async function stored(name: string) {
    const found = await createStore(sink, sealer).find(database, name)
    if (found === undefined) throw new Error(`no sink ${name}`)
    return found
  }
})
