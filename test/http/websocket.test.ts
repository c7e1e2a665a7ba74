import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test, vi } from 'vitest'
import { type ClientOptions, WebSocket, WebSocketServer } from 'ws'
import { createAnswerMemory } from '../../src/fairness/answer-memory.ts'
import { createUnfinishedBodies } from '../../src/http/unfinished-bodies.ts'
import { createWebSockets } from '../../src/http/websocket.ts'
import { createLogger } from '../../src/logger.ts'
import { followUnwatched } from '../../src/permission/live-caller.ts'
import { superToken } from '../resource/caller.ts'
import { testMethod } from './test-methods.ts'
import { createTestDoor, startTestServer, testContext } from './test-server.ts'

async function open(url: string, path = '/', options: ClientOptions = {}): Promise<WebSocket> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}${path}`, options)
  onTestFinished(() => socket.terminate())
  await once(socket, 'open')
  return socket
}

/** The status of an upgrade that is refused. */
async function refusedStatus(url: string, path: string, options: ClientOptions): Promise<number | undefined> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}${path}`, options)
  const [, answer] = await once(socket, 'unexpected-response')
  answer.destroy()
  return answer.statusCode
}

/** The next `count` messages, parsed. */
async function receive(socket: WebSocket, count: number): Promise<unknown[]> {
  const messages: unknown[] = []
  return new Promise((resolve, reject) => {
    socket.on('message', data => {
      messages.push(JSON.parse(String(data)))
      if (messages.length === count) resolve(messages)
    })
    socket.on('close', code => reject(new Error(`closed with ${code}`)))
  })
}

async function ask(socket: WebSocket, message: unknown): Promise<unknown> {
  const answer = receive(socket, 1)
  socket.send(Buffer.isBuffer(message) || typeof message === 'string' ? message : JSON.stringify(message))
  return (await answer)[0]
}

function call(method: string, params?: unknown, id: unknown = 1): object {
  return { jsonrpc: '2.0', method, params, id }
}

/** A method that answers its first parameter once the gate is open. */
function gated() {
  const gate = Promise.withResolvers<void>()
  const started: unknown[] = []
  const method = testMethod('gated', async ({ params }) => {
    started.push((params as { a: unknown }).a)
    await gate.promise
    return (params as { a: unknown }).a
  })
  return { method, started, openGate: gate.resolve }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(resolve => setTimeout(resolve, 1))
}

test.for(['/', '/rpc', '/nodeget/rpc/'])('%s takes requests and batches', async path => {
  const { url } = await startTestServer()
  const socket = await open(url, path)
  expect(await ask(socket, call('get_data'))).toEqual({ jsonrpc: '2.0', result: ['hello', 5], id: 1 })
  expect(await ask(socket, [call('get_data'), call('nope', [], 'x')])).toMatchObject([
    { result: ['hello', 5] },
    { error: { code: -32601 }, id: 'x' },
  ])
})

test('a binary message is read as UTF-8', async () => {
  const { url } = await startTestServer()
  const socket = await open(url)
  expect(await ask(socket, Buffer.from(JSON.stringify(call('echo', ['ä']))))).toMatchObject({
    result: { a: 'ä' },
  })
  expect(await ask(socket, Buffer.from([0xff]))).toMatchObject({ error: { code: -32700 }, id: null })
})

test('a bad message is answered and the connection stays', async () => {
  const { url } = await startTestServer()
  const socket = await open(url)
  expect(await ask(socket, '{')).toMatchObject({ error: { code: -32700 }, id: null })
  expect(await ask(socket, '[]')).toMatchObject({ error: { code: -32600 }, id: null })
  expect(await ask(socket, call('throws'))).toMatchObject({ error: { code: -32603 } })
  expect(await ask(socket, call('get_data'))).toHaveProperty('result')
})

test('a notification is not answered', async () => {
  const { url } = await startTestServer()
  const socket = await open(url)
  socket.send('{"jsonrpc":"2.0","method":"get_data"}')
  expect(await ask(socket, call('get_data', undefined, 'after'))).toMatchObject({ id: 'after' })
})

test('the bearer of the upgrade counts for every message', async () => {
  const { url } = await startTestServer()
  const socket = await open(url, '/', { headers: { authorization: 'Bearer good:secret' } })
  expect(await ask(socket, call('whoami'))).toMatchObject({ result: { token_key: 'good' } })
  expect(await ask(socket, call('whoami', ['other:secret']))).toMatchObject({ error: { code: 108 } })
  expect(await ask(await open(url), call('whoami'))).toMatchObject({ error: { code: 102 } })
})

test('every message has a correlation id of its own', async () => {
  const { url } = await startTestServer()
  const socket = await open(url, '/', { headers: { 'x-request-id': 'up' } })
  expect(await ask(socket, call('context'))).toMatchObject({ result: { correlationId: 'up-1' } })
  expect(await ask(socket, call('context'))).toMatchObject({ result: { correlationId: 'up-2' } })
})

test('a foreign Origin or Host, or another path, is not upgraded', async () => {
  const { url } = await startTestServer()
  expect(await refusedStatus(url, '/', { origin: 'http://evil.example' })).toBe(403)
  expect(await refusedStatus(url, '/rpc', { origin: 'null' })).toBe(403)
  expect(await refusedStatus(url, '/', { headers: { host: 'evil.example' } })).toBe(403)
  expect(await refusedStatus(url, '/livez', {})).toBe(200)
  expect(await refusedStatus(url, '/none', {})).toBe(404)
  const own = await open(url, '/', { origin: url })
  expect(own.readyState).toBe(WebSocket.OPEN)
})

test('a message over the limit closes the connection with 1009', async () => {
  const { url } = await startTestServer()
  const socket = await open(url)
  const closed = once(socket, 'close')
  socket.send(`"${'x'.repeat(1024 * 1024)}"`)
  expect((await closed)[0]).toBe(1009)
})

test('a text message that is not UTF-8 closes the connection with 1007', async () => {
  const { url } = await startTestServer()
  const socket = await open(url)
  const closed = once(socket, 'close')
  socket.send(Buffer.from([0xff]), { binary: false })
  expect((await closed)[0]).toBe(1007)
})

test('answers are sent as they finish', async () => {
  const { method, openGate } = gated()
  const { url } = await startTestServer({ methods: [method] })
  const socket = await open(url)
  const answers = receive(socket, 2)
  socket.send(JSON.stringify(call('gated', [], 'slow')))
  socket.send(JSON.stringify(call('get_data', [], 'quick')))
  await until(() => socket.bufferedAmount === 0)
  expect(await ask(await open(url), call('get_data'))).toHaveProperty('result')
  openGate()
  expect((await answers).map(answer => (answer as { id: unknown }).id)).toEqual(['quick', 'slow'])
})

test('at most eight messages run at once; the socket is not read meanwhile; all are answered', async () => {
  const { method, started, openGate } = gated()
  const { url } = await startTestServer({ methods: [method] })
  const socket = await open(url)
  const answers = receive(socket, 100)
  const padding = 'x'.repeat(500_000)
  for (let id = 0; id < 100; id++) socket.send(JSON.stringify({ ...call('gated', [id], id), padding }))
  await until(() => started.length >= 8)
  // Another connection is served all the same, and by then everything the kernel takes has been sent.
  for (let i = 0; i < 10; i++) expect(await ask(await open(url), call('get_data'))).toHaveProperty('result')
  expect(started).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
  expect(socket.bufferedAmount).toBeGreaterThan(20_000_000)
  openGate()
  expect(new Set((await answers).map(answer => (answer as { id: unknown }).id)).size).toBe(100)
})

test('small messages that came in one chunk wait for their turn, too', async () => {
  const { method, started, openGate } = gated()
  const { url } = await startTestServer({ methods: [method] })
  const socket = await open(url)
  const answers = receive(socket, 100)
  for (let id = 0; id < 100; id++) socket.send(JSON.stringify(call('gated', [id], id)))
  await until(() => started.length >= 8)
  expect(await ask(await open(url), call('get_data'))).toHaveProperty('result')
  expect(started).toHaveLength(8)
  openGate()
  expect(await answers).toHaveLength(100)
})

test('a client that does not read its answers is cut off', async () => {
  const { url, log } = await startTestServer()
  const socket = await open(url)
  socket.pause()
  for (let id = 0; id < 8; id++) socket.send(JSON.stringify(call('big', [12_000_000], id)))
  await until(() => log.some(line => line.includes('does not read')))
  const closed = once(socket, 'close')
  socket.resume()
  expect((await closed)[0]).toBe(1006)
})

test('an answer larger than that reaches a client that reads', async () => {
  const { url } = await startTestServer({ env: { DAYBOOK_MAX_ANSWER_BYTES: '64000000' } })
  const socket = await open(url, '/', { maxPayload: 64 * 1024 * 1024 })
  const { result } = (await ask(socket, call('big', [40_000_000]))) as { result: string }
  expect(result).toHaveLength(40_000_000)
})

test('a client that leaves while its request runs harms nothing', async () => {
  const { method, started, openGate } = gated()
  const { url, log } = await startTestServer({ methods: [method] })
  const socket = await open(url)
  socket.send(JSON.stringify(call('gated', [1])))
  await until(() => started.length === 1)
  socket.terminate()
  await once(socket, 'close')
  openGate()
  expect(await ask(await open(url), call('get_data'))).toHaveProperty('result')
  expect(log).toEqual([])
})

/** WebSockets that are checked every five milliseconds. */
async function startImpatient(): Promise<string> {
  const logger = createLogger({ level: 'silent' })
  const endpoint = createTestDoor().door
  const follow = () => followUnwatched(async () => superToken)
  const unfinished = createUnfinishedBodies({ maxBodyBytes: 1000, maxUnfinishedBytes: 1_000_000 })
  onTestFinished(unfinished.close)
  const answers = createAnswerMemory({ bytes: 1_000_000 })
  const sockets = createWebSockets({ endpoint, answers, logger, follow, checkEveryMs: 5, unfinished })
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  server.on('connection', (socket, { socket: beneath }) => sockets.accept(socket, testContext, beneath))
  await once(server, 'listening')
  onTestFinished(() => {
    sockets.close()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

test('a client that answers no ping is cut off, one that does stays', async () => {
  const url = await startImpatient()
  const dead = await open(url, '/', { autoPong: false })
  const alive = await open(url)
  expect((await once(dead, 'close'))[0]).toBe(1006)
  for (let pings = 0; pings < 10; pings++) await once(alive, 'ping')
  expect(await ask(alive, call('get_data'))).toHaveProperty('result')
})

test('clients behind a proxy have a share each, the proxy has none', async () => {
  const { url } = await startTestServer({
    env: { DAYBOOK_TRUSTED_PROXIES: '127.0.0.1', DAYBOOK_MAX_CONNECTIONS_PER_ADDRESS: '2' },
  })
  const forClient = (address: string) => ({ headers: { 'x-forwarded-for': address } })
  const [first] = await Promise.all([
    open(url, '/', forClient('192.0.2.1')),
    open(url, '/', forClient('192.0.2.1')),
  ])
  expect(await refusedStatus(url, '/', forClient('192.0.2.1'))).toBe(503)
  expect(await ask(await open(url, '/', forClient('192.0.2.2')), call('get_data'))).toHaveProperty('result')
  first?.terminate()
  await vi.waitUntil(async () => (await tryOpen(url, forClient('192.0.2.1'))) === 'open')
})

function tryOpen(url: string, options: ClientOptions): Promise<string> {
  const socket = new WebSocket(url.replace('http', 'ws'), options)
  onTestFinished(() => socket.terminate())
  return new Promise(resolve => {
    socket.once('open', () => resolve('open')).once('error', () => resolve('refused'))
  })
}
