import { request } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { startTestServer, type TestOptions } from './test-server.ts'

const hello = '{"jsonrpc":"2.0","method":"get_data","id":1}'
const helloAnswer = '{"jsonrpc":"2.0","result":["hello",5],"id":1}'

interface Sent {
  readonly path?: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
}

interface Received {
  readonly status: number | undefined
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

/** One request as it stands: `fetch` would not send a foreign Host or Origin. */
function send(
  url: string,
  { path = '/', method = 'POST', headers = {}, body = '' }: Sent = {},
): Promise<Received> {
  return new Promise((resolve, reject) => {
    const sent = request(`${url}${path}`, { method, headers, agent: false }, answer => {
      text(answer).then(body => resolve({ status: answer.statusCode, headers: answer.headers, body }), reject)
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

const json = { 'content-type': 'application/json' }

async function post(body: string | Buffer, headers: Sent['headers'] = json, options: TestOptions = {}) {
  const { url } = await startTestServer(options)
  return send(url, { body, headers })
}

// A request with its body in one piece, nothing to look into and nothing to refuse goes past Fastify.
test.for([
  ['a call', hello],
  ['a notification', '{"jsonrpc":"2.0","method":"get_data"}'],
  ['a batch', `[${hello},${hello}]`],
  ['what is no JSON', '{'],
  ['an unknown method', '{"jsonrpc":"2.0","method":"no_such","id":1}'],
] as const)('%s is answered alike, however its request comes', async ([_what, body]) => {
  const { url } = await startTestServer()
  const headers = { ...json, 'x-request-id': 'mine', 'accept-encoding': 'gzip' }
  const { host } = new URL(url)
  const plain = await send(url, { headers, body })
  const others = [
    await send(url, { headers: { ...headers, 'transfer-encoding': 'chunked' }, body }),
    await send(url, { headers: { ...headers, origin: `http://${host}` }, body }),
    await send(url, { headers: { ...headers, 'content-encoding': 'gzip' }, body: gzipSync(body) }),
    await send(url, { path: '/?x=1', headers, body }),
  ]
  for (const other of others) {
    expect({ ...other, headers: { ...other.headers, date: '' } }).toEqual({
      ...plain,
      headers: { ...plain.headers, date: '' },
    })
  }
})

test.for(['/', '/rpc', '/rpc/', '/nodeget/rpc', '/nodeget/rpc/', '/rpc?x=1'])(
  '%s takes JSON-RPC',
  async path => {
    const { url } = await startTestServer()
    expect(await send(url, { path, headers: json, body: hello })).toMatchObject({
      status: 200,
      body: helloAnswer,
    })
  },
)

test.for([
  'application/json',
  'application/json-rpc',
  'Application/JSON; charset=utf-8',
  'application/json;charset=UTF-8; x="a;b"',
  'application/json-rpc ; version=2',
])('the content type %s is taken', async type => {
  expect(await post(hello, { 'content-type': type })).toMatchObject({ status: 200, body: helloAnswer })
})

test.for([
  'text/plain',
  'text/plain; x=application/json',
  'application/jsonx',
  'application/json-patch+json',
  'application/vnd.api+json',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=application/json',
  'application',
  'application/json, text/plain',
  '',
])('the content type %j is refused', async type => {
  const { status, body } = await post(hello, { 'content-type': type })
  expect(status).toBe(415)
  expect(JSON.parse(body)).toMatchObject({ error: { code: 108 }, id: null })
})

test('a body without a content type, or no body at all, is refused', async () => {
  const { url } = await startTestServer()
  expect(await send(url, { body: hello })).toMatchObject({ status: 415 })
  expect(await send(url)).toMatchObject({ status: 415 })
})

test('a gzip body is taken, one in another encoding is refused', async () => {
  const packed = { ...json, 'content-encoding': 'gzip' }
  const { status, body } = await post(gzipSync(hello), packed)
  expect([status, JSON.parse(body)]).toEqual([200, JSON.parse((await post(hello, json)).body)])
  for (const encoding of ['br', 'gzip, gzip', 'deflate'])
    expect(await post(hello, { ...json, 'content-encoding': encoding })).toMatchObject({ status: 415 })
})

test('a gzip body that is broken, or larger than a body may be, is refused', async () => {
  const packed = { ...json, 'content-encoding': 'gzip' }
  expect(await post(hello, packed)).toMatchObject({ status: 400 })
  expect(await post(gzipSync(hello).subarray(0, -9), packed)).toMatchObject({ status: 400 })
  const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024, ' '))
  expect(await post(bomb, packed)).toMatchObject({ status: 413 })
})

test('errors are HTTP 200 like every answer, a parse error too', async () => {
  const { url } = await startTestServer()
  for (const [body, code] of [
    ['{', -32700],
    ['', -32700],
    ['[]', -32600],
    ['{"jsonrpc":"2.0","method":"throws","id":1}', -32603],
  ] as const) {
    const answer = await send(url, { body, headers: json })
    expect(answer).toMatchObject({
      status: 200,
      headers: { 'content-type': expect.stringMatching('^application/json') },
    })
    expect(JSON.parse(answer.body)).toMatchObject({ error: { code } })
  }
})

test('notifications alone are answered 204 without a body', async () => {
  const notification = '{"jsonrpc":"2.0","method":"get_data"}'
  expect(await post(notification)).toMatchObject({ status: 204, body: '' })
  expect(await post(`[${notification},${notification}]`)).toMatchObject({ status: 204, body: '' })
})

test('a body over the limit is refused, announced or streamed', async () => {
  const { url } = await startTestServer()
  const body = `"${'x'.repeat(1024 * 1024)}"`
  for (const headers of [json, { ...json, 'transfer-encoding': 'chunked' }]) {
    const answer = await send(url, { body, headers })
    expect(answer.status).toBe(413)
    expect(JSON.parse(answer.body)).toMatchObject({
      error: { code: 110, data: { reason: 'body_too_large' } },
    })
  }
})

test('a body of exactly the limit is taken', async () => {
  const body = `${hello}${' '.repeat(1024 * 1024 - hello.length)}`
  expect(await post(body)).toMatchObject({ status: 200 })
})

test.for([
  { host: 'evil.example' },
  { host: 'localhost.evil.example:7411' },
  { origin: 'http://evil.example' },
  { origin: 'null' },
])('foreign headers %j are refused on every path', async headers => {
  const { url } = await startTestServer()
  for (const path of ['/', '/readyz', '/healthz', '/metrics', '/openrpc.json', '/none']) {
    expect(await send(url, { path, method: 'GET', headers })).toMatchObject({ status: 403 })
  }
  expect(await send(url, { headers: { ...json, ...headers }, body: hello })).toMatchObject({ status: 403 })
})

test('a connection is kept as long as DAYBOOK_KEEP_ALIVE_MS says, longer than a balancer keeps it', async () => {
  const kept = async (env: Record<string, string>) => {
    const { url } = await startTestServer({ env })
    const answer = await fetch(`${url}/livez`)
    await answer.text()
    return answer.headers.get('keep-alive')
  }
  expect(await kept({})).toBe('timeout=60')
  expect(await kept({ DAYBOOK_KEEP_ALIVE_MS: '620000' })).toBe('timeout=620')
})

test('our own origin may call, without CORS headers', async () => {
  const { url } = await startTestServer()
  const { status, headers } = await send(url, { headers: { ...json, origin: url }, body: hello })
  expect(status).toBe(200)
  expect(headers).not.toHaveProperty('access-control-allow-origin')
})

test('a listed origin gets CORS headers and its preflight answered', async () => {
  const origin = 'https://console.example'
  const { url } = await startTestServer({ env: { DAYBOOK_ALLOWED_ORIGINS: origin } })
  const allowed = { 'access-control-allow-origin': origin, vary: 'origin' }
  expect(await send(url, { headers: { ...json, origin }, body: hello })).toMatchObject({
    status: 200,
    headers: allowed,
  })
  const preflight = { origin, 'access-control-request-method': 'POST' }
  expect(await send(url, { method: 'OPTIONS', headers: preflight })).toMatchObject({
    status: 204,
    headers: { ...allowed, 'access-control-allow-headers': expect.stringContaining('authorization') },
  })
  const foreign = { ...preflight, origin: 'https://evil.example' }
  expect(await send(url, { method: 'OPTIONS', headers: foreign })).toMatchObject({ status: 403 })
})

test('the bearer credential of the header counts', async () => {
  const { url } = await startTestServer()
  const body = '{"jsonrpc":"2.0","method":"whoami","id":1}'
  const ask = async (headers: object) =>
    JSON.parse((await send(url, { body, headers: { ...json, ...headers } })).body)
  expect(await ask({ authorization: 'Bearer good:secret' })).toMatchObject({ result: { token_key: 'good' } })
  expect(await ask({ authorization: 'bearer  good:secret' })).toHaveProperty('result')
  expect(await ask({ authorization: 'Bearer bad:secret' })).toMatchObject({ error: { code: 102 } })
  for (const headers of [{}, { authorization: 'Basic good:secret' }, { authorization: 'Bearer' }]) {
    expect(await ask(headers)).toMatchObject({
      error: { code: 102, data: { reason: 'credential_required' } },
    })
  }
})

test('a bearer credential may hold any character', async () => {
  const { url } = await startTestServer()
  const authorization = `Bearer ${Buffer.from('root|pässwörd 秘密').toString('latin1')}`
  const body = '{"jsonrpc":"2.0","method":"context","id":1}'
  // fetch writes headers as Latin-1; http.request joins them to a text body and writes both as UTF-8.
  const answer = await fetch(url, { method: 'POST', body, headers: { ...json, authorization } })
  expect(await answer.json()).toMatchObject({ result: { bearer: 'root|pässwörd 秘密' } })
})

test('every answer carries a request id: a sane one of the caller, else a new one', async () => {
  const { url } = await startTestServer()
  const body = '{"jsonrpc":"2.0","method":"throws","id":1}'
  const kept = await send(url, { body, headers: { ...json, 'x-request-id': 'abc-1' } })
  expect(kept.headers['x-request-id']).toBe('abc-1')
  expect(JSON.parse(kept.body)).toMatchObject({ error: { data: { correlation_id: 'abc-1' } } })
  for (const given of ['a b', '"x"', 'x'.repeat(129)]) {
    const { headers } = await send(url, { body, headers: { ...json, 'x-request-id': given } })
    expect(headers['x-request-id']).toMatch(/^[\da-f-]{36}$/)
  }
  expect((await send(url, { path: '/none' })).headers).toHaveProperty('x-request-id')
})

test.for<[string, Sent]>([
  ['an answer', { headers: json, body: hello }],
  ['an error', { headers: json, body: '{' }],
  ['a notification', { headers: json, body: '{"jsonrpc":"2.0","method":"get_data"}' }],
  ['the wrong type', { headers: { 'content-type': 'text/plain' }, body: hello }],
  ['the wrong method', { method: 'PUT' }],
  ['an unknown path', { path: '/nope', method: 'GET' }],
  ['a path that cannot be read', { path: '/%zz', method: 'GET' }],
  ['a foreign origin', { headers: { ...json, origin: 'https://evil.example' }, body: hello }],
  ['the health', { path: '/livez', method: 'GET' }],
  ['the metrics', { path: '/metrics', method: 'GET' }],
  ['the OpenRPC document', { path: '/openrpc.json', method: 'GET' }],
])('%s is neither kept nor guessed at', async ([_what, sent]) => {
  const { url } = await startTestServer()
  const { headers } = await send(url, sent)
  expect(headers).toMatchObject({
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'x-request-id': expect.any(String),
  })
})

test('other methods and paths are refused with what is allowed', async () => {
  const { url } = await startTestServer()
  for (const method of ['GET', 'PUT', 'DELETE', 'OPTIONS']) {
    expect(await send(url, { method })).toMatchObject({ status: 405, headers: { allow: 'POST' } })
  }
  expect(await send(url, { method: 'HEAD' })).toMatchObject({ status: 405, body: '' })
  for (const path of ['/livez', '/healthz']) {
    expect(await send(url, { path })).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } })
  }
  for (const path of ['/none', '/rpc/x', '/%zz', '/__proto__']) {
    const { status, body } = await send(url, { path, method: 'GET' })
    expect(status).toBe(404)
    expect(JSON.parse(body)).toMatchObject({ error: { data: { reason: 'no_such_path' } } })
  }
})

test('the health, the metrics and the OpenRPC document can be read', async () => {
  const { url } = await startTestServer()
  const get = (path: string) => send(url, { path, method: 'GET' })
  expect(await get('/livez')).toMatchObject({ status: 200 })
  for (const path of ['/readyz', '/healthz']) {
    expect(await get(path)).toMatchObject({ status: 200, body: '{"status":"ready"}' })
  }
  expect(await get('/metrics')).toMatchObject({ status: 200, body: expect.stringContaining('process_cpu') })
  expect(await get('/openrpc.json')).toMatchObject({ status: 200, body: '{"openrpc":"1.3.2"}' })
})

test('not ready says why', async () => {
  const fails = async (): Promise<never> => {
    throw new Error('down')
  }
  const ping = async (): Promise<void> => undefined
  const pendingMigrations = async (): Promise<string[]> => []
  for (const [probes, reason] of [
    [{ ping: fails, pendingMigrations }, 'database_unreachable'],
    [{ ping, pendingMigrations: fails }, 'database_unreachable'],
    [{ ping, pendingMigrations: async () => ['0002_x'] }, 'migrations_pending'],
  ] as const) {
    const { url } = await startTestServer({ probes })
    for (const path of ['/readyz', '/healthz']) {
      const { status, body } = await send(url, { path, method: 'GET' })
      expect(status).toBe(503)
      expect(JSON.parse(body)).toEqual({ status: 'not_ready', reason })
    }
    expect(await send(url, { path: '/livez', method: 'GET' })).toMatchObject({ status: 200 })
  }
})

/** Sends bytes as they are; resolves with all that comes back. */
function sendRaw(url: string, bytes: string): Promise<string> {
  const { port } = new URL(url)
  const socket = connect(Number(port), '127.0.0.1', () => socket.write(bytes))
  return text(socket)
}

test('a client that offers HTTP/2 on a POST is answered in HTTP/1.1', async () => {
  const { url } = await startTestServer()
  const head = `POST / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, close\r\nUpgrade: h2c\r\n`
  const answer = await sendRaw(
    url,
    `${head}Content-Type: application/json\r\nContent-Length: ${hello.length}\r\n\r\n${hello}`,
  )
  expect(answer).toContain(helloAnswer)
})

test('a client that reads only after it has sent everything still sees that it was too much', async () => {
  const { url } = await startTestServer()
  const socket = connect(Number(new URL(url).port), '127.0.0.1').pause()
  socket.write(`POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n`)
  socket.write(`Content-Length: ${20 * 2 ** 18}\r\n\r\n`)
  for (let i = 0; i < 20; i++) {
    await new Promise(resolve => socket.write('x'.repeat(2 ** 18), resolve))
    await new Promise(resolve => setTimeout(resolve, 1))
  }
  expect(await text(socket)).toMatch(/^HTTP\/1\.1 413/)
})

test('a request without a Host is refused', async () => {
  const { url } = await startTestServer()
  expect(await sendRaw(url, 'GET /metrics HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1\.1 403/)
})

test('what is no HTTP is answered 400 without internals', async () => {
  const { url } = await startTestServer()
  const answer = await sendRaw(url, 'nonsense\r\n\r\n')
  expect(answer).toMatch(/^HTTP\/1\.1 400/)
  expect(answer).not.toMatch(/node_modules|\bat /)
})
