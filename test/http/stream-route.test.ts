import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type RunningServer, startServer } from '../../src/app/serve.ts'
import { readConfig } from '../../src/config.ts'
import type { Database } from '../../src/database/database.ts'
import { RpcError } from '../../src/errors.ts'
import { createLogger } from '../../src/logger.ts'
import { subscriptionMethods } from '../../src/method/record/subscribe.ts'
import { createMetrics } from '../../src/metrics.ts'
import { type Identity, permissionDenied } from '../../src/permission/grant.ts'
import { resources } from '../../src/resource/kind/index.ts'
import { createHub, type Hub } from '../../src/stream/hub.ts'
import { type Sequencer, startSequencer } from '../../src/stream/sequencer.ts'
import { createTickets } from '../../src/stream/ticket.ts'
import { type Call, createCaller, superToken, workerHolder } from '../resource/caller.ts'
import { openPushSocket } from '../stream/push-socket.ts'
import { testCursors } from '../stream/recording-subscriber.ts'
import { openTestDatabase } from '../support/databases.ts'
import { type EventStream, openEventStream, type StreamRequest } from './event-stream.ts'

const soon = { interval: 10, timeout: 5000 }
const maxStreams = 3
const heartbeatMs = 100

describe('GET /stream', () => {
  let database: Database
  let sequencer: Sequencer
  let hub: Hub
  let server: RunningServer
  let call: Call
  let last = 0
  /** Who presents what. */
  const callers = new Map<string, Identity>([
    ['root:secret', superToken],
    ['mine:secret', workerHolder('read', 'mine')],
    ['none:secret', workerHolder('write', '*')],
  ])

  const log: string[] = []

  /** Lets a call of the credential wait, once. */
  let held: Promise<void> | undefined

  async function authenticate(credential: string | undefined): Promise<Identity> {
    await held
    if (credential === undefined) {
      throw new RpcError('credential_required', 'none')
    }
    if (credential === 'broken:secret') throw new Error('out of order')
    const caller = callers.get(credential)
    if (caller === undefined) throw permissionDenied()
    return caller
  }

  const tickets = createTickets({ key: 'a secret text', clock: Date.now, represent: async () => superToken })

  async function startOwnServer(own: Hub): Promise<RunningServer> {
    const maxConditions = 32
    return startServer({
      config: readConfig({ env: { PORT: '0' } }),
      methods: resources.flatMap(each =>
        subscriptionMethods(each, { hub: own, maxConditions, maxSubscriptions: 100 }),
      ),
      authenticate,
      probes: { ping: async () => undefined, pendingMigrations: async () => [] },
      stream: { hub: own, database, tickets, maxConditions, maxStreams },
      openrpc: async () => ({}),
      logger: createLogger({ level: 'error', stream: { write: line => void log.push(line) } }),
      metrics: createMetrics(),
    })
  }

  beforeAll(async () => {
    database = await openTestDatabase('postgres')
    call = createCaller(database)
    sequencer = await startSequencer({ database, onError: rethrow })
    hub = await createHub({ database, cursors: testCursors, onError: rethrow, heartbeatMs })
    server = await startOwnServer(hub)
  })
  afterAll(async () => {
    await server.close()
    await hub.close()
    await sequencer.close()
    await database.close()
  })
  afterEach(async () => {
    await expect.poll(() => hub.count(), soon).toBe(0)
  })

  async function append(...names: readonly string[]): Promise<readonly object[]> {
    const rows = names.map(js_worker_name => ({ js_worker_name, start_time: 1, param: 'a\nb\r\n\u2028ü' }))
    await call('js-result_append', { rows })
    last += names.length
    await expect.poll(() => hub.log.position(resources[0] as never), soon).toBe(last)
    const query = { condition: [{ limit: names.length }] }
    return (await call<object[]>('js-result_query', { query })).reverse()
  }

  function open(request: StreamRequest = {}, token = 'root:secret'): Promise<EventStream> {
    const query = { resource: 'js-result', ...request.query }
    const headers = { authorization: `Bearer ${token}`, ...request.headers }
    return openEventStream(server.url, { ...request, query, headers })
  }

  test('sends each change as an event with its number', async () => {
    const stream = await open()
    expect(stream.status).toBe(200)
    expect(stream.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'x-request-id': expect.any(String),
    })
    await expect
      .poll(stream.text, soon)
      .toContain(`retry: 1000\nid: ${last}\nevent: start\ndata: {"type":"start","cursor":"${last}"}\n\n`)
    const rows = await append('a', 'b')
    await expect.poll(stream.events, soon).toHaveLength(2)
    // Without a name: a browser's onmessage hears them.
    expect(stream.events().map(({ id, event, data = '' }) => [id, event, JSON.parse(data)])).toEqual([
      [`${last - 1}`, undefined, rows[0]],
      [`${last}`, undefined, rows[1]],
    ])
    stream.destroy()
  })

  test('sends what fulfils the conditions and may be read', async () => {
    await append('mine', 'other')
    const condition = JSON.stringify([{ js_worker_name_like: 'm*' }])
    const filtered = await open({ query: { condition, after: `${last - 2}` } })
    const permitted = await open({ query: { after: '0' } }, 'mine:secret')
    await expect.poll(filtered.events, soon).toMatchObject([{ id: `${last - 1}` }])
    await expect.poll(permitted.events, soon).toMatchObject([{ data: expect.stringContaining('"mine"') }])
    for (const stream of [filtered, permitted]) stream.destroy()
  })

  test('goes on behind Last-Event-ID, whatever else is asked for', async () => {
    await append('a', 'b', 'c')
    const headers = { 'last-event-id': `${last - 1}` }
    const stream = await open({ query: { after: '0' }, headers })
    await expect.poll(stream.events, soon).toMatchObject([{ id: `${last}` }])
    const fresh = await open({ query: { after: `${last - 2}` }, headers: { 'last-event-id': '' } })
    await expect.poll(fresh.events, soon).toHaveLength(2)
    stream.destroy()
    fresh.destroy()
  })

  test('says how far it is while nothing is sent, over a WebSocket as well', async () => {
    const stream = await open({ query: { condition: '[{"js_worker_name":"never"}]' } })
    const socket = await openPushSocket(server.url, { token: 'root:secret' })
    const query = { condition: [{ js_worker_name: 'never' }] }
    await socket.call('js-result_subscribe', { query })
    await append('a')
    const beat = { type: 'heartbeat', cursor: `${last}` }
    await expect
      .poll(stream.blocks, soon)
      .toContainEqual({ id: `${last}`, event: 'heartbeat', data: JSON.stringify(beat) })
    await expect.poll(() => socket.pushes.at(-1)?.params.result, soon).toEqual(beat)
    stream.destroy()
    socket.terminate()
  })

  test.each<[string, StreamRequest, string, number, number, object]>([
    ['nobody', { headers: { authorization: '' } }, '', 401, 102, { reason: 'credential_required' }],
    ['a wrong credential', {}, 'wrong:secret', 401, 102, { reason: 'permission_denied' }],
    ['who may not read', {}, 'none:secret', 403, 102, { reason: 'permission_denied' }],
    [
      'who may not read what it names',
      { query: { condition: '[{"js_worker_name":"other"}]' } },
      'mine:secret',
      403,
      102,
      { reason: 'permission_denied' },
    ],
    ['no resource', { query: { resource: '' } }, 'root:secret', 400, -32602, { path: 'resource' }],
    ['an unknown one', { query: { resource: 'toString' } }, 'root:secret', 400, -32602, { path: 'resource' }],
    ['no JSON', { query: { condition: 'is_failure' } }, 'root:secret', 400, -32602, { path: 'condition' }],
    [
      'a text that PostgreSQL would not keep',
      { query: { condition: '[{"js_worker_name":"a\\u0000"}]' } },
      'root:secret',
      400,
      -32602,
      { path: 'condition[0].js_worker_name', reason: 'nul_character' },
    ],
    ['no list', { query: { condition: '{}' } }, 'root:secret', 400, -32602, { path: 'condition' }],
    [
      'a limit',
      { query: { condition: '["is_failure",{"limit":1}]' } },
      'root:secret',
      400,
      -32602,
      { path: 'condition[1]', reason: 'misplaced_condition' },
    ],
    [
      'an unknown condition',
      { query: { condition: '[{"nope":1}]' } },
      'root:secret',
      400,
      -32602,
      { path: 'condition[0].nope' },
    ],
    ['a bad number', { query: { after: '-1' } }, 'root:secret', 400, -32602, { path: 'after' }],
    ['no number', { query: { after: '' } }, 'root:secret', 400, -32602, { path: 'after' }],
    [
      'a bad Last-Event-ID',
      { headers: { 'last-event-id': 'x' } },
      'root:secret',
      400,
      -32602,
      { path: 'Last-Event-ID' },
    ],
    ['a bad format', { query: { format: 'xml' } }, 'root:secret', 400, -32602, { path: 'format' }],
    [
      'an envelope of what has none',
      { query: { format: 'envelope' } },
      'root:secret',
      400,
      -32602,
      { path: 'format' },
    ],
    ['an unknown parameter', { query: { nope: '1' } }, 'root:secret', 400, -32602, { path: 'nope' }],
    ['a number ahead', { query: { after: '999999' } }, 'root:secret', 400, 108, { reason: 'sequence_ahead' }],
  ])('refuses %s', async (_what, request, token, status, code, data) => {
    const stream = await open(request, token)
    await stream.ended
    expect(stream.status).toBe(status)
    expect(JSON.parse(stream.text())).toMatchObject({ jsonrpc: '2.0', error: { code, data }, id: null })
    expect(stream.headers['www-authenticate']).toBe(status === 401 ? 'Bearer' : undefined)
  })

  test('logs our own faults under the correlation id that it answers', async () => {
    const stream = await open({ headers: { 'x-request-id': 'asked-1' } }, 'broken:secret')
    await stream.ended
    expect(stream.status).toBe(500)
    expect(JSON.parse(stream.text()).error.data).toEqual({
      reason: 'internal_error',
      correlation_id: 'asked-1',
    })
    expect(log.join('')).toContain('out of order')
    expect(log.join('')).toContain('asked-1')
  })

  test.each(['HEAD', 'POST', 'PUT', 'DELETE'])('refuses %s', async method => {
    const stream = await open({ method })
    expect(stream.status).toBe(405)
    expect(stream.headers.allow).toBe('GET')
    stream.destroy()
  })

  test('refuses a foreign origin', async () => {
    const stream = await open({ headers: { origin: 'https://evil.example' } })
    expect(stream.status).toBe(403)
    stream.destroy()
  })

  test('refuses more streams than there may be, until one has ended', async () => {
    const open3 = await Promise.all([open(), open(), open()])
    const refused = await open()
    await refused.ended
    expect(refused.status).toBe(503)
    expect(JSON.parse(refused.text())).toMatchObject({
      error: { code: 110, data: { reason: 'too_many_streams', retryable: true, max: maxStreams } },
    })
    open3[0]?.destroy()
    // Those that are refused take no place.
    await expect
      .poll(async () => {
        const bad = await open({ query: { nope: '1' } })
        await bad.ended
        return bad.status
      }, soon)
      .toBe(400)
    const again = await open()
    expect(again.status).toBe(200)
    for (const stream of [...open3, again]) stream.destroy()
  })

  test('ends with the reason and the last number when the caller may read no more', async () => {
    callers.set('brief:secret', workerHolder('read', '*'))
    const stream = await open({}, 'brief:secret')
    await append('a')
    await expect.poll(stream.events, soon).toHaveLength(1)
    callers.delete('brief:secret')
    hub.refresh()
    await append('b')
    await stream.ended
    expect(stream.events()).toHaveLength(1)
    expect(stream.blocks().at(-1)).toEqual({
      id: `${last - 1}`,
      event: 'end',
      data: `{"type":"end","reason":"permission_denied","cursor":"${last - 1}"}`,
    })
  })

  test('frees everything when the client leaves, also one that left before it was answered', async () => {
    const stream = await open()
    const socket = await openPushSocket(server.url, { token: 'root:secret' })
    await socket.call('js-result_subscribe', { query: { condition: [] } })
    await socket.call('event-log_subscribe', { query: { condition: [] } })
    expect(hub.count()).toBe(3)
    stream.destroy()
    socket.terminate()
    await expect.poll(() => hub.count(), soon).toBe(0)

    const hold = Promise.withResolvers<void>()
    held = hold.promise
    const { port, hostname } = new URL(server.url)
    const hasty = connect(Number(port), hostname)
    const headers = 'host: 127.0.0.1\r\nauthorization: Bearer root:secret'
    hasty.write(`GET /stream?resource=js-result HTTP/1.1\r\n${headers}\r\n\r\n`)
    const other = await openPushSocket(server.url, { token: 'root:secret' })
    void other.call('js-result_subscribe', { query: { condition: [] } })
    await new Promise(resolve => setTimeout(resolve, 50))
    other.terminate()
    hasty.destroy()
    await once(hasty, 'close')
    await new Promise(resolve => setTimeout(resolve, 50))
    held = undefined
    hold.resolve()
    await new Promise(resolve => setTimeout(resolve, 100))
    expect(hub.count()).toBe(0)
    // Its place is free again.
    const all = await Promise.all([open(), open(), open()])
    expect(all.map(({ status }) => status)).toEqual([200, 200, 200])
    for (const each of all) each.destroy()
  })

  test('ends when the server stops, with the last number', async () => {
    const own = await createHub({ database, cursors: testCursors, onError: rethrow })
    const stopping = await startOwnServer(own)
    const headers = { authorization: 'Bearer root:secret' }
    const stream = await openEventStream(stopping.url, { query: { resource: 'js-result' }, headers })
    await append('a')
    await expect.poll(stream.events, soon).toHaveLength(1)
    await stopping.close()
    await stream.ended
    expect(stream.blocks().at(-1)).toEqual({
      id: `${last}`,
      event: 'end',
      data: `{"type":"end","reason":"server_stopping","cursor":"${last}"}`,
    })
  })
})

function rethrow(error: unknown): never {
  throw error
}
