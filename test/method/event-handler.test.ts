import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Database } from '../../src/database/database.ts'
import { createStore } from '../../src/definition/store.ts'
import { eventHandler } from '../../src/event/handler/handler.ts'
import { createHandlerDirectory } from '../../src/event/handler/handler-directory.ts'
import { type HandlerMethodDeps, handlerMethods } from '../../src/method/event-handler.ts'
import { invoke } from '../../src/method/invoke.ts'
import { newWebhookSecret } from '../../src/outbound/webhook.ts'
import type { TokenLimit } from '../../src/permission/limit.ts'
import { createSealer } from '../../src/seal.ts'
import { describeEngines } from '../support/databases.ts'
import { fault, startTokens, type TestTokens } from '../token/tokens.ts'

type Members = Readonly<Record<string, unknown>>

const sealer = createSealer('s'.repeat(32))
const handlers = createStore(eventHandler, sealer)
const denied = fault(102, 'permission_denied')
const notFound = fault(105, 'handler_not_found')
const malformed = (path: string) => ({ code: -32602, data: { path } })

const limit = (verb: string, name: string): TokenLimit =>
  [{ scopes: [{ event: name }], permissions: [{ event_handler: { [verb]: '*' } }] }] as TokenLimit

/** What it takes beside `write` to make a remote handler. */
const making = [
  { scopes: ['global'], permissions: [{ event: { receive: '*' } }, { event_handler: { claim: '*' } }] },
] as TokenLimit

const remote = { sender: 'shop.*', target: { kind: 'remote' } }
const webhook = (secret?: string) => ({ kind: 'webhook', url: 'https://example.com/hook', secret })

describeEngines('the methods of event handlers', open => {
  let database: Database
  let tokens: TestTokens
  let methods: ReadonlyMap<string, ReturnType<typeof handlerMethods>[number]>
  let changes = 0
  /** What `forsake` was told, and the handler that was there. */
  let forsaken: unknown[] = []
  let failForsaking = false

  beforeAll(async () => {
    database = await open()
    tokens = await startTokens(database)
    const deps: HandlerMethodDeps = {
      database,
      sealer,
      clock: tokens.clock,
      localNames: new Set(['here']),
      timezone: 'Asia/Tokyo',
      outboundAllow: ['127.0.0.1:9000'],
      onChange: () => {
        changes++
      },
      async forsake(runner, fullName) {
        // As seen by the transaction: the handler is not deleted yet.
        const stored = await handlers.find(runner, fullName)
        forsaken.push([fullName, stored?.target.kind])
        if (failForsaking) throw new Error('forsake')
      },
    }
    methods = new Map(handlerMethods(deps).map(method => [method.name, method]))
  })
  afterAll(() => tokens.authenticator.close())
  beforeEach(async () => {
    await database.kysely.deleteFrom('event_handler').execute()
    changes = 0
    forsaken = []
    failForsaking = false
  })

  function call(verb: string, params: unknown = {}, bearer = tokens.root): Promise<unknown> {
    const method = methods.get(`event-handler_${verb}`)
    if (method === undefined) throw new Error(`no method ${verb}`)
    return invoke(method, params, { bearer, correlationId: 'test' }, tokens.authenticator.authenticate)
  }
  const create = (full_name: string, rest: Members = {}, bearer?: string) =>
    call('create', { full_name, ...remote, ...rest }, bearer)
  const update = (full_name: string, rest: Members, bearer?: string) =>
    call('update', { full_name, ...rest }, bearer)
  const read = (full_name: string) => call('read', { full_name })

  async function secretsOf(fullName: string): Promise<unknown> {
    const handler = await handlers.find(database, fullName)
    return handler?.target.kind === 'webhook' ? handler.secrets : undefined
  }

  describe.each([
    ['create', 'write', { ...remote }],
    ['read', 'read', {}],
    ['update', 'write', { enabled: false }],
    ['delete', 'delete', {}],
  ])('event-handler_%s', (verb, permission, params) => {
    test('wants its permission on the name, whether or not there is such a handler', async () => {
      await create('mine.there')
      changes = 0
      const other = permission === 'read' ? 'write' : 'read'
      const limits = [limit(permission, 'other.*'), limit(other, '*'), limit('claim', '*'), []]
      for (const each of limits) {
        const { credential } = await tokens.create(each)
        for (const full_name of ['mine.there', 'mine.absent']) {
          await expect(call(verb, { full_name, ...params }, credential)).rejects.toMatchObject(denied)
        }
      }
      const { credential } = await tokens.create([...limit(permission, 'mine.*'), ...making])
      await expect(call(verb, { full_name: 'other', ...params }, credential)).rejects.toMatchObject(denied)
      expect(changes).toBe(0)
      const full_name = verb === 'create' ? 'mine.new' : 'mine.there'
      expect(await call(verb, { full_name, ...params }, credential)).toEqual(expect.anything())
    })

    test.each([undefined, null, 1, '', 'a*', '.', 'a\nb', 'x'.repeat(129)])(
      'refuses the name %j',
      async name => {
        await expect(call(verb, { full_name: name, ...params })).rejects.toMatchObject(malformed('full_name'))
      },
    )

    test('refuses a call without a credential', async () => {
      const method = methods.get(`event-handler_${verb}`)
      if (method === undefined) throw new Error('no method')
      const context = { bearer: undefined, correlationId: 'test' }
      const { authenticate } = tokens.authenticator
      const calling = invoke(method, { full_name: 'a', ...params }, context, authenticate)
      await expect(calling).rejects.toMatchObject(fault(102, 'credential_required'))
    })
  })

  test.each(['read', 'update', 'delete'])('event-handler_%s does not find what is not there', async verb => {
    await expect(call(verb, { full_name: 'absent' })).rejects.toMatchObject(notFound)
    expect(changes).toBe(0)
  })

  describe('event-handler_create', () => {
    test('answers what it created, with its defaults, as event-handler_read does', async () => {
      const created = await create('a')
      expect(created).toEqual({
        id: expect.any(Number),
        full_name: 'a',
        sender: 'shop.*',
        event_type: 'events.NormalType',
        target: { kind: 'remote' },
        retry: { limit: 2, delay_ms: 1000, backoff: true },
        timeout_ms: 30_000,
        concurrency: null,
        schedule: null,
        enabled: true,
        description: null,
        next_fire_time: null,
        created_time: tokens.clock(),
        updated_time: tokens.clock(),
      })
      expect(await read('a')).toEqual(created)
      expect(changes).toBe(1)
    })

    test('takes every parameter, also by position', async () => {
      const schedule = { cron: '0 9 * * *', tz: 'UTC' }
      const retry = { limit: 0, delay_ms: 0, backoff: false }
      const target = { kind: 'js_worker', name: 'w' }
      const given = ['b', 's', target, 'order.*', retry, 100, 1, schedule, true, 'what']
      const expected = {
        full_name: 'b',
        sender: 's',
        event_type: 'order.*',
        target,
        retry,
        timeout_ms: 100,
        concurrency: 1,
        schedule,
        enabled: true,
        description: 'what',
        next_fire_time: Date.UTC(2026, 0, 1, 9),
      }
      expect(await call('create', [tokens.root, ...given])).toMatchObject(expected)
      expect(await read('b')).toMatchObject(expected)
    })

    test('refuses unknown members, of the parameters and of what is in them', async () => {
      await expect(create('a', { unknown: 1 })).rejects.toMatchObject(malformed('unknown'))
      const target = { kind: 'remote', unknown: 1 }
      await expect(create('b', { target })).rejects.toMatchObject(malformed('target.unknown'))
    })

    test('fills in what a retry and a schedule leave out', async () => {
      expect(await create('a', { retry: { limit: 5 }, schedule: { cron: '0 9 * * *' } })).toMatchObject({
        retry: { limit: 5, delay_ms: 1000, backoff: true },
        schedule: { cron: '0 9 * * *', tz: 'Asia/Tokyo' },
      })
    })

    test('refuses a name in use', async () => {
      await create('a')
      const conflict = fault(109, 'name_in_use', 'full_name')
      await expect(create('a')).rejects.toMatchObject(conflict)
      expect(changes).toBe(1)
    })

    test('takes a local target only where the handlers folder has it', async () => {
      const target = { kind: 'local' }
      expect(await create('here', { target })).toMatchObject({ target })
      const unknown = fault(108, 'local_handler_unknown', 'target')
      await expect(create('elsewhere', { target })).rejects.toMatchObject(unknown)
    })

    test('is owned by who created it, a JWT with its own limits', async () => {
      const token_limit = [...limit('write', '*'), ...making]
      const params = { token: tokens.root, ttl_ms: 60_000, token_limit }
      const { jwt } = (await tokens.call('token_issue', params)) as { jwt: string }
      await create('a', {}, jwt)
      const handler = await handlers.find(database, 'a')
      expect(handler?.owner).toEqual([{ tokenKey: expect.any(String), limit: token_limit }])
    })

    const secret = newWebhookSecret()
    test.each<[string, Members]>([
      ['sender', { sender: undefined }],
      ['sender', { sender: '' }],
      ['sender', { sender: '*a' }],
      ['sender', { sender: 1 }],
      ['event_type', { event_type: 'a*b' }],
      ['event_type', { event_type: null }],
      ['target', { target: undefined }],
      ['target', { target: 'remote' }],
      ['target.kind', { target: {} }],
      ['target.kind', { target: { kind: 'toString' } }],
      ['target.name', { target: { kind: 'js_worker' } }],
      ['target.name', { target: { kind: 'js_worker', name: 'a*' } }],
      ['target.name', { target: { kind: 'remote', name: 'a' } }],
      ['target.url', { target: { kind: 'webhook', secret } }],
      ['target.url', { target: { ...webhook(secret), url: 'nonsense' } }],
      ['target.url', { target: { ...webhook(secret), url: 'ftp://example.com' } }],
      ['target.url', { target: { ...webhook(secret), url: 'http://127.0.0.1:9001/' } }],
      ['target.secret', { target: webhook() }],
      ['target.secret', { target: webhook('plain') }],
      ['target.secret', { target: webhook('whsec_c2hvcnQ=') }],
      ['target.secret', { target: { ...webhook(), secret: null } }],
      ['target.secrets', { target: { ...webhook(secret), secrets: [secret] } }],
      ['retry', { retry: null }],
      ['retry.limit', { retry: { limit: -1 } }],
      ['retry.limit', { retry: { limit: 101 } }],
      ['retry.limit', { retry: { limit: 0.5 } }],
      ['retry.delay_ms', { retry: { delay_ms: 86_400_001 } }],
      ['retry.backoff', { retry: { backoff: 1 } }],
      ['retry.delayMs', { retry: { delayMs: 1 } }],
      ['timeout_ms', { timeout_ms: 99 }],
      ['timeout_ms', { timeout_ms: 43_200_001 }],
      ['timeout_ms', { timeout_ms: null }],
      ['concurrency', { concurrency: 0 }],
      ['concurrency', { concurrency: 1001 }],
      ['schedule', { schedule: '* * * * *' }],
      ['schedule.cron', { schedule: {} }],
      ['schedule.cron', { schedule: { cron: '0 0 30 2 *' } }],
      ['schedule.cron', { schedule: { cron: '@reboot' } }],
      ['schedule.cron', { schedule: { cron: '*/90 * * * *' } }],
      ['schedule.cron', { schedule: { cron: '0 22-2 * * *' } }],
      ['schedule.tz', { schedule: { cron: '* * * * *', tz: 'BST' } }],
      ['schedule.tz', { schedule: { cron: '* * * * *', tz: 'Nowhere' } }],
      ['schedule.zone', { schedule: { cron: '* * * * *', zone: 'UTC' } }],
      ['enabled', { enabled: 'yes' }],
      ['description', { description: 'x'.repeat(1001) }],
    ])('refuses a bad %s (%#)', async (path, params) => {
      await expect(create('bad', params)).rejects.toMatchObject(malformed(path))
      await expect(read('bad')).rejects.toMatchObject(notFound)
    })

    test('lets a webhook reach a private address that the operator allows', async () => {
      const target = { ...webhook(secret), url: 'http://127.0.0.1:9000/' }
      expect(await create('a', { target })).toMatchObject({ target: { url: 'http://127.0.0.1:9000/' } })
    })
  })

  describe('event-handler_update', () => {
    test('changes what is given, keeps the rest and adds who changed it to the makers', async () => {
      const created = (await create('a', { description: 'what', concurrency: 3 })) as Members
      tokens.clock.advance(1000)
      const { credential, key } = await tokens.create([...limit('write', 'a'), ...making])
      const changed = await update(
        'a',
        { sender: 'bank', retry: { limit: 9 }, concurrency: null },
        credential,
      )
      expect(changed).toEqual({
        ...created,
        sender: 'bank',
        retry: { limit: 9, delay_ms: 1000, backoff: true },
        concurrency: null,
        updated_time: tokens.clock(),
      })
      expect(await read('a')).toEqual(changed)
      const root = tokens.root.split(':')[0]
      expect((await handlers.find(database, 'a'))?.owner).toEqual([{ tokenKey: root }, { tokenKey: key }])
      expect(changes).toBe(2)
    })

    test('without any change leaves all as it is, its owner included', async () => {
      const created = await create('a')
      tokens.clock.advance(1000)
      const { credential } = await tokens.create(limit('write', 'a'))
      expect(await update('a', {}, credential)).toEqual(created)
      const root = tokens.root.split(':')[0]
      expect((await handlers.find(database, 'a'))?.owner).toEqual([{ tokenKey: root }])
    })

    test('sets, moves and ends a schedule', async () => {
      await create('a')
      const now = tokens.clock()
      const daily = { cron: '0 9 * * *', tz: 'UTC' }
      const set = (await update('a', { schedule: daily })) as { next_fire_time: number }
      expect(set.next_fire_time).toBeGreaterThan(now)
      expect(new Date(set.next_fire_time).toISOString()).toMatch(/T09:00:00.000Z$/)
      expect(await update('a', { schedule: { cron: '\t@midnight ' } })).toMatchObject({
        schedule: { cron: '\t@midnight ', tz: 'UTC' },
      })
      expect(await update('a', { enabled: false })).toMatchObject({ next_fire_time: null })
      const ended = await update('a', { enabled: true, schedule: null })
      expect(ended).toMatchObject({ schedule: null, next_fire_time: null })
    })

    test.each<[string, Members]>([
      ['sender', { sender: null }],
      ['target.url', { target: { kind: 'webhook', url: 'nonsense' } }],
      ['retry.limit', { retry: { limit: 101 } }],
      ['retry.tries', { retry: { tries: 1 } }],
      ['timeout_ms', { timeout_ms: 0 }],
      ['concurrency', { concurrency: 0 }],
      ['schedule.cron', { schedule: { cron: '' } }],
      ['enabled', { enabled: null }],
      ['description', { description: 1 }],
    ])('refuses a bad %s (%#)', async (path, params) => {
      const created = await create('a')
      await expect(update('a', params)).rejects.toMatchObject(malformed(path))
      expect(await read('a')).toEqual(created)
    })

    test('of a target ends nothing that waits', async () => {
      await create('here')
      await update('here', { target: { kind: 'local' } })
      expect(await read('here')).toMatchObject({ target: { kind: 'local' } })
      expect(forsaken).toEqual([])
    })

    test('takes a local target only where the handlers folder has it', async () => {
      await create('a')
      const unknown = fault(108, 'local_handler_unknown', 'target')
      await expect(update('a', { target: { kind: 'local' } })).rejects.toMatchObject(unknown)
    })
  })

  describe('the secret of a webhook', () => {
    const [first, second, third] = [newWebhookSecret(), newWebhookSecret(), newWebhookSecret()]

    test('stays valid beside the next one, and no longer', async () => {
      await create('a', { target: webhook(first) })
      expect(await secretsOf('a')).toEqual([first])
      await update('a', { target: webhook(second) })
      expect(await secretsOf('a')).toEqual([second, first])
      await update('a', { target: webhook(second) })
      expect(await secretsOf('a')).toEqual([second, first])
      await update('a', { target: webhook(third) })
      expect(await secretsOf('a')).toEqual([third, second])
      await update('a', { target: webhook(second) })
      expect(await secretsOf('a')).toEqual([second, third])
    })

    test('stays where a change names none', async () => {
      await create('a', { target: webhook(first) })
      const url = 'https://example.com/moved'
      expect(await update('a', { target: { kind: 'webhook', url } })).toMatchObject({ target: { url } })
      await update('a', { timeout_ms: 500 })
      expect(await secretsOf('a')).toEqual([first])
    })

    test('is wanted of what was no webhook before', async () => {
      await create('a')
      const failing = update('a', { target: webhook() })
      await expect(failing).rejects.toMatchObject(malformed('target.secret'))
      await update('a', { target: webhook(first) })
      await update('a', { target: { kind: 'remote' } })
      await expect(update('a', { target: webhook() })).rejects.toMatchObject(malformed('target.secret'))
    })

    test('is in no answer, no error and no column', async () => {
      const bad = `${first}!`
      const answers = [
        await create('a', { target: webhook(first) }),
        await update('a', { target: webhook(second) }),
        await read('a'),
        await call('list'),
      ]
      const failures = await Promise.all(
        [
          create('a', { target: webhook(first) }),
          create('b', { target: webhook(bad) }),
          create('b', { target: { kind: 'remote', secret: first } }),
          update('absent', { target: webhook(first) }),
          update('a', { target: { ...webhook(first), url: 'nonsense' } }),
        ].map(failing => failing.catch((error: Error) => [error.message, error])),
      )
      const rows = await database.kysely.selectFrom('event_handler').selectAll().execute()
      const told = JSON.stringify([answers, failures, rows])
      for (const secret of [first, second, bad]) {
        expect(told).not.toContain(secret)
        expect(told).not.toContain(secret.slice('whsec_'.length))
      }
      expect(answers[2]).toMatchObject({
        target: { kind: 'webhook', url: 'https://example.com/hook', secret: '***' },
      })
    })
  })

  describe('event-handler_delete', () => {
    test('ends what waits, then deletes', async () => {
      await create('a')
      expect(await call('delete', { full_name: 'a' })).toEqual({ success: true })
      expect(forsaken).toEqual([['a', 'remote']])
      await expect(read('a')).rejects.toMatchObject(notFound)
      expect(changes).toBe(2)
    })

    test('deletes nothing when that fails', async () => {
      await create('a')
      failForsaking = true
      await expect(call('delete', { full_name: 'a' })).rejects.toThrow('forsake')
      expect(await read('a')).toMatchObject({ full_name: 'a' })
      expect(changes).toBe(1)
    })
  })

  describe('event-handler_list', () => {
    const listed = async (bearer?: string) => {
      const { handlers } = (await call('list', {}, bearer)) as { handlers: { full_name: string }[] }
      return handlers.map(handler => handler.full_name)
    }

    test('shows what the token may read, in order of the names, each as event-handler_read does', async () => {
      for (const name of ['b.1', 'a', 'b.2', 'c']) await create(name)
      expect(await listed()).toEqual(['a', 'b.1', 'b.2', 'c'])
      const { credential } = await tokens.create([...limit('read', 'b.*'), ...limit('write', '*')])
      expect(await listed(credential)).toEqual(['b.1', 'b.2'])
      const { handlers } = (await call('list')) as { handlers: unknown[] }
      expect(handlers[0]).toEqual(await read('a'))
    })

    test('is refused to who may read none', async () => {
      const { credential } = await tokens.create(limit('write', '*'))
      await expect(call('list', {}, credential)).rejects.toMatchObject(denied)
    })

    test('refuses parameters that it does not have by position', async () => {
      await expect(call('list', [tokens.root, 1])).rejects.toMatchObject(malformed('[1]'))
    })
  })

  test('a change is seen by the directory of every server', async () => {
    const directory = createHandlerDirectory(sealer)
    const matching = async () => (await directory.current(database)).matching('shop.a', 'events.NormalType')
    expect(await matching()).toEqual([])
    await create('a')
    expect(await matching()).toMatchObject([{ full_name: 'a' }])
    await update('a', { enabled: false })
    expect(await matching()).toEqual([])
  })
})
