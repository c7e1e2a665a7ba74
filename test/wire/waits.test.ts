import { once } from 'node:events'
import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import { openEventStream } from '../http/event-stream.ts'
import { openPushSocket } from '../stream/push-socket.ts'
import { openTestPostgres } from '../stream/test-postgres.ts'
import { startOn, type TestApp } from './support/app.ts'
import { createTestData, type TestData } from './support/data.ts'
import { createWire, failure, rpc, send } from './support/wire.ts'

const everything = { query: { condition: [] } }
const denied = expect.toBeOneOf([failure(102, 'permission_denied'), failure(102, 'credential_expired')])

/** Longer than the test may take: what is answered sooner did not wait for it. */
const longest = 60_000

/** Asks until it is refused, and goes on. */
const asks = `
  async onCall(_params, _env, ctx) {
    for (;;) {
      try { await ctx.call('js-result_count', { query: { condition: [] } }) } catch (error) { return error.code }
      await new Promise(resolve => setTimeout(resolve, 20))
    }
  },
  async onRoute() {
    await new Promise(resolve => setTimeout(resolve, 2500))
    return { status: 200, body: 'found in your name' }
  }`

const mayWait = [
  {
    scopes: ['global'],
    permissions: [
      { event: { send: '*' } },
      { event_log: { read: '*' } },
      { event_handler: { claim: '*' } },
      { js_worker: 'run_defined_js_worker' },
      { js_result: { read: '*' } },
      { js_result: { write: '*' } },
      { service_event: { read: '*' } },
    ],
  },
]

describe('what waits in the name of a credential', () => {
  let data: TestData
  let app: TestApp
  const wire = createWire(() => app)

  beforeAll(async () => {
    data = await createTestData('postgres')
    app = await startOn(data)
    const target = { kind: 'remote' }
    await wire.result('event-handler_create', { full_name: 'busy', sender: 'busy', target })
    await wire.result('event-handler_create', { full_name: 'idle', sender: 'idle', target })
    const js_script_base64 = Buffer.from(`export default { ${asks} }`).toString('base64')
    await wire.result('js-worker_create', { name: 'asks', js_script_base64, route_name: 'asks' })
    const postgres = await openTestPostgres(data)
    // More than the buffers between the server and a client hold.
    await postgres.query(
      `insert into service_event (project_id, service_id, service_name, event_type, event_info, occur_time)
       select 'p', 's', 'n', 'normal', repeat('x', 20000), now() from generate_series(1, 1000)`,
    )
    await postgres.end()
  })
  afterAll(async () => {
    await app.close()
    await data.remove()
  })

  type End = () => Promise<unknown>

  interface Held {
    readonly credential: string
    /** Ends its right; resolves at the earliest when it has ended. */
    readonly end: End
  }

  async function untilPast(time: number): Promise<void> {
    while (Date.now() <= time) await new Promise(resolve => setTimeout(resolve, 50))
  }

  const held: Readonly<Record<string, () => Promise<Held>>> = {
    async 'a token that is deleted'() {
      const credential = await wire.token(mayWait)
      return { credential, end: () => wire.result('token_delete', { target_token: keyOf(credential) }) }
    },
    async 'a token that may do nothing any more'() {
      const credential = await wire.token(mayWait)
      const change = { target_token: keyOf(credential), limit: [] }
      return { credential, end: () => wire.result('token_edit', change) }
    },
    async 'a secret that is rolled'() {
      const credential = await wire.token(mayWait)
      const target = { target_token: keyOf(credential) }
      return { credential, end: () => wire.result('token_roll_token_secret', target) }
    },
    async 'a password that is changed'() {
      const username = `user-${Math.random()}`
      await wire.token(mayWait, { username, password: 'first password' })
      const change = { target_token: username, new_password: 'second password' }
      return {
        credential: `${username}|first password`,
        end: () => wire.result('token_change_password', change),
      }
    },
    async 'a token whose time is over'() {
      const timestamp_to = Date.now() + 1500
      return { credential: await wire.token(mayWait, { timestamp_to }), end: () => untilPast(timestamp_to) }
    },
    async 'a JWT that expires'() {
      const issuing = { ttl_ms: 2500 }
      const issuer = await wire.token(mayWait)
      const issued = await wire.result<{ jwt: string; expires_at: number }>('token_issue', issuing, issuer)
      return { credential: issued.jwt, end: () => untilPast(issued.expires_at) }
    },
    async 'a JWT whose token gets another secret'() {
      const issuer = await wire.token(mayWait)
      const { jwt } = await wire.result<{ jwt: string }>('token_issue', { ttl_ms: 60_000 }, issuer)
      const target = { target_token: keyOf(issuer) }
      return { credential: jwt, end: () => wire.result('token_roll_token_secret', target) }
    },
  }

  /** An export that is read to its first bytes; what becomes of it when it is read on. */
  async function openExport(credential: string): Promise<() => Promise<'whole' | 'cut off'>> {
    const headers = { authorization: `Bearer ${credential}` }
    const asked = request(`${app.url}/export/service-event`, { headers, agent: false }).end()
    onTestFinished(() => void asked.destroy())
    const [answer] = await once(asked, 'response')
    expect(answer.statusCode).toBe(200)
    await once(answer, 'readable')
    return () =>
      new Promise(resolve => {
        answer.on('error', () => resolve('cut off')).on('end', () => resolve('whole'))
        answer.resume()
      })
  }

  async function openSockets(credential: string) {
    const push = await openPushSocket(app.url, { token: credential })
    await push.call('js-result_subscribe', everything)
    const headers = { authorization: `Bearer ${credential}` }
    const own = new WebSocket(app.url.replace('http', 'ws'), { headers })
    onTestFinished(() => own.terminate())
    const closed = once(own, 'close').then(([code]) => code)
    await once(own, 'open')
    const last: unknown[] = []
    own.on('message', message => void last.push(JSON.parse(String(message))))
    own.send(JSON.stringify(rpc('js-result_subscribe', everything)))
    await once(own, 'message')
    return { push, own: { closed, last } }
  }

  test.each(Object.entries(held))('ends with %s', async (_way, make) => {
    const { credential, end } = await make()
    const sending = wire.call('event_send', { sender: 'busy', wait_ms: longest }, credential)
    const claiming = wire.call('event-task_claim', { full_names: ['idle'], wait_ms: longest }, credential)
    const running = wire.call('js-worker_run', { js_script_name: 'asks', wait_ms: longest }, credential)
    const headers = { authorization: `Bearer ${credential}` }
    const routed = send(app.url, { path: '/worker-route/asks/', headers })
    const readOn = await openExport(credential)
    const stream = await openEventStream(app.url, { query: { resource: 'js-result' }, headers })
    const { push, own } = await openSockets(credential)
    const upload = { rows: [{ js_worker_name: 'uploaded' }] }
    expect(await wire.call('js-result_append', upload, credential)).toHaveProperty('result')

    await end()
    expect(await sending).toEqual(denied)
    expect(await claiming).toEqual(denied)
    expect(await running).toEqual(denied)
    expect(await wire.call('js-result_append', upload, credential)).toEqual(denied)
    expect(await readOn()).toBe('cut off')
    const over = { type: 'end', reason: 'permission_denied', cursor: expect.any(String) }
    await expect.poll(() => push.pushes.at(-1)?.params.result, { timeout: 5000 }).toEqual(over)
    await stream.ended
    expect(stream.blocks().at(-1)).toMatchObject({
      event: 'end',
      data: expect.stringContaining('permission_denied'),
    })
    if (_way === 'a token that may do nothing any more') return
    expect(await own.closed).toBe(4401)
    expect(own.last.at(-1)).toMatchObject({ params: { result: over } })
    expect((await routed).status).toBe(401)
  })

  test('no method waits but those that were looked at here', async () => {
    const { methods } = await wire.result<{ methods: { name: string; params: { name: string }[] }[] }>(
      'rpc.discover',
    )
    const waiting = methods.filter(({ params }) => params.some(({ name }) => name === 'wait_ms'))
    expect(waiting.map(({ name }) => name).toSorted()).toEqual([
      'event-task_claim',
      'event_send',
      'js-worker_run',
    ])
  })

  test('its scripts go on, and what they ask for is refused', async () => {
    const credential = await wire.token(mayWait)
    const { id } = await wire.result<{ id: number }>('js-worker_run', { js_script_name: 'asks' }, credential)
    await wire.result('token_roll_token_secret', { target_token: keyOf(credential) })
    const query = { condition: [{ id }] }
    const result = async () =>
      (await wire.result<{ result: unknown }[]>('js-result_query', { query }))[0]?.result
    await expect.poll(result, { timeout: 5000 }).toBe(102)
  })

  test('what nobody answers takes no task from those who wait', async () => {
    const credential = await wire.token(mayWait)
    const claim = { full_names: ['idle'], wait_ms: longest }
    const dead = wire.call('event-task_claim', claim, credential)
    const alive = wire.result<{ tasks: unknown[] }>('event-task_claim', claim)
    await wire.result('token_delete', { target_token: keyOf(credential) })
    expect(await dead).toEqual(denied)
    await wire.result('event_send', { sender: 'idle' })
    expect((await alive).tasks).toHaveLength(1)
  })

  test('a socket whose messages bring their own credential stays open', async () => {
    const credential = await wire.token(mayWait)
    const socket = await openPushSocket(app.url, { token: credential })
    await wire.result('token_delete', { target_token: keyOf(credential) })
    expect(await socket.call('token_get')).toEqual(denied)
    expect(await socket.call('rpc.discover', { token: undefined })).toHaveProperty('result')
  })
})

function keyOf(credential: string): string {
  return credential.slice(0, 16)
}
