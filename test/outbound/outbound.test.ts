import type { Socket } from 'node:net'
import { expect, onTestFinished, test, vi } from 'vitest'
import { createOutbound, type OutboundOptions, type OutboundRequest } from '../../src/outbound/outbound.ts'
import { bodyOf, listenHttp, listenTcp } from './listener.ts'

const local = ['127.0.0.1', '::1']

function openOutbound(options: Partial<OutboundOptions> = {}) {
  const outbound = createOutbound({ allow: local, ...options })
  onTestFinished(() => outbound.close())
  return outbound
}

function get(url: string, more: Partial<OutboundRequest> = {}): OutboundRequest {
  return { url, method: 'GET', headers: {}, timeoutMs: 10_000, maxBytes: 64 * 1024, ...more }
}

/** Sends `more` for as long as the peer takes it. */
function pour(socket: Socket, start: string, more: string): void {
  const go = () => {
    while (!socket.destroyed && socket.write(more)) {}
  }
  socket.write(start)
  socket.on('drain', go)
  go()
}

test('method, path, headers and body arrive as given, and the answer comes back', async () => {
  const { port } = await listenHttp(async (request, response) => {
    const seen = { method: request.method, url: request.url, headers: request.headers }
    response.setHeader('set-cookie', ['a=1', 'b=2'])
    response.writeHead(201, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ ...seen, body: await bodyOf(request) }))
  })
  const answer = await openOutbound().request(
    get(`http://127.0.0.1:${port}/a%20b/../c?x=1&y=é#part`, {
      method: 'PUT',
      headers: { 'X-Trace': '7' },
      body: 'ключ 🔑',
    }),
  )
  expect(answer).toMatchObject({ status: 201, truncated: false, headers: { 'set-cookie': 'a=1, b=2' } })
  expect(JSON.parse(answer.body)).toMatchObject({
    method: 'PUT',
    url: '/c?x=1&y=%C3%A9',
    headers: { host: `127.0.0.1:${port}`, 'x-trace': '7', 'content-length': '13', connection: 'close' },
    body: 'ключ 🔑',
  })
})

test('a name is resolved once, and asked at that address under its own name', async () => {
  const { port } = await listenHttp((request, response) => response.end(request.headers.host))
  const resolve = vi.fn(async () => ['127.0.0.1'])
  const answer = await openOutbound({ resolve }).request(get(`http://hooks.example:${port}/`))
  expect(answer.body).toBe(`hooks.example:${port}`)
  expect(resolve.mock.calls).toEqual([['hooks.example']])
})

test('the next request resolves the name anew: no connection outlives its check', async () => {
  const { port, connections } = await listenHttp()
  const resolve = vi.fn(async () => ['127.0.0.1'])
  const outbound = openOutbound({ resolve })
  for (let i = 0; i < 3; i++) await outbound.request(get(`http://hooks.example:${port}/`))
  expect(resolve).toHaveBeenCalledTimes(3)
  expect(connections()).toBe(3)
})

test('of several addresses one that does not answer is passed over', async () => {
  const { port } = await listenHttp()
  const resolve = async () => ['::1', '127.0.0.1']
  const answer = await openOutbound({ resolve }).request(get(`http://hooks.example:${port}/`))
  expect(answer.body).toBe('ok')
})

test('a proxy of the environment is not used', async () => {
  const proxy = await listenHttp()
  for (const name of ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'ALL_PROXY']) {
    vi.stubEnv(name, `http://127.0.0.1:${proxy.port}`)
  }
  vi.stubEnv('NO_PROXY', '')
  onTestFinished(() => {
    vi.unstubAllEnvs()
  })
  const { port, connections } = await listenHttp()
  await openOutbound().request(get(`http://127.0.0.1:${port}/`))
  expect([connections(), proxy.connections()]).toEqual([1, 0])
})

test('an endless answer is kept up to the limit, then the connection is closed', async () => {
  const { port, open } = await listenTcp(socket =>
    pour(socket, 'HTTP/1.1 200 OK\r\n\r\n', 'x'.repeat(16_384)),
  )
  const answer = await openOutbound().request(get(`http://127.0.0.1:${port}/`))
  expect(answer).toMatchObject({ status: 200, truncated: true, body: 'x'.repeat(64 * 1024) })
  await expect.poll(open).toBe(0)
})

test.for([
  ['status line', 'HTTP/1.1 200 ', 'x'.repeat(4096)],
  ['row of early hints', '', 'HTTP/1.1 103 Early Hints\r\nlink: a\r\n\r\n'.repeat(100)],
  ['header', 'HTTP/1.1 200 OK\r\nx: ', 'x'.repeat(4096)],
  ['chunk extension', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;a=', 'x'.repeat(4096)],
])('an endless %s ends the connection before the time-out', async ([, start = '', more = '']) => {
  const { port, open } = await listenTcp(socket => socket.once('data', () => pour(socket, start, more)))
  const flooded = openOutbound().request(get(`http://127.0.0.1:${port}/`, { timeoutMs: 30_000 }))
  await expect(flooded).rejects.toMatchObject({ reason: 'connection_failed' })
  await expect.poll(open).toBe(0)
})

test('an answer in chunks of one byte is read to its end', async () => {
  const head = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n'
  const { port } = await listenTcp(socket =>
    socket.once('data', () => socket.end(`${head}${'1\r\nx\r\n'.repeat(64 * 1024)}0\r\n\r\n`)),
  )
  const answer = await openOutbound().request(get(`http://127.0.0.1:${port}/`))
  expect(answer).toMatchObject({ body: 'x'.repeat(64 * 1024), truncated: false })
})

test('an answer of exactly the limit is whole, and a character is not cut in two', async () => {
  const { port } = await listenHttp((_request, response) => response.end('ab🔑'))
  const outbound = openOutbound()
  const ask = (maxBytes: number) => outbound.request(get(`http://127.0.0.1:${port}/`, { maxBytes }))
  expect(await ask(6)).toMatchObject({ body: 'ab🔑', truncated: false })
  expect(await ask(5)).toMatchObject({ body: 'ab', truncated: true })
})

test('bytes that are no UTF-8 are replaced, also at the end', async () => {
  const { port } = await listenHttp((_request, response) => response.end(Buffer.from([0xff, 0x61, 0xe2])))
  const answer = await openOutbound().request(get(`http://127.0.0.1:${port}/`))
  expect(answer.body).toBe('\ufffda\ufffd')
})

test('an answer that drips ends at the time-out, and its connection is closed', async () => {
  const { port, open } = await listenHttp((_request, response) => {
    const timer = setInterval(() => response.write('x'), 20)
    response.on('close', () => clearInterval(timer))
  })
  const dripping = openOutbound().request(get(`http://127.0.0.1:${port}/`, { timeoutMs: 200 }))
  await expect(dripping).rejects.toMatchObject({ reason: 'timeout', retryable: true })
  await expect.poll(open).toBe(0)
})

test.for(['http', 'https'])('a peer that never says a word over %s ends at the time-out', async scheme => {
  const { port, connections, open } = await listenTcp(socket => socket.resume())
  const silent = openOutbound().request(get(`${scheme}://127.0.0.1:${port}/`, { timeoutMs: 200 }))
  await expect(silent).rejects.toMatchObject({ reason: 'timeout' })
  expect(connections()).toBe(1)
  await expect.poll(open).toBe(0)
})

test('the resolver of the system knows localhost', async () => {
  const { port } = await listenHttp()
  const answer = await openOutbound().request(get(`http://localhost:${port}/`))
  expect(answer.body).toBe('ok')
})

test('a name server that never answers ends at the time-out', async () => {
  const resolve = () => new Promise<string[]>(() => {})
  const silent = openOutbound({ resolve }).request(get('http://slow.example/', { timeoutMs: 50 }))
  await expect(silent).rejects.toMatchObject({ reason: 'timeout', retryable: true })
})

test('a name without an address is not found', async () => {
  const failing = openOutbound({ resolve: () => Promise.reject(new Error('ENOTFOUND')) })
  const empty = openOutbound({ resolve: async () => [] })
  for (const outbound of [failing, empty]) {
    const missing = outbound.request(get('http://missing.example/'))
    await expect(missing).rejects.toMatchObject({ reason: 'name_not_found', retryable: true })
  }
})

test('a refused connection and a broken answer are failed connections', async () => {
  const refusing = await listenTcp(() => {})
  await refusing.close()
  const breaking = await listenTcp(socket => socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncont')))
  const cutting = await listenHttp((_request, response) => {
    response.writeHead(200, { 'content-length': 100 }).write('half')
    setImmediate(() => response.destroy())
  })
  const babbling = await listenTcp(socket =>
    socket.once('data', () => socket.end('220 smtp.example ESMTP\r\n')),
  )
  for (const { port } of [refusing, breaking, cutting, babbling]) {
    const failed = openOutbound().request(get(`http://127.0.0.1:${port}/`))
    await expect(failed).rejects.toMatchObject({ reason: 'connection_failed', retryable: true })
  }
})

test('the caller can cancel before and during a request', async () => {
  const { port, connections, open } = await listenHttp(() => {})
  const outbound = openOutbound()
  const cancelled = { reason: 'cancelled' }
  const early = outbound.request(get(`http://127.0.0.1:${port}/`, { signal: AbortSignal.abort() }))
  await expect(early).rejects.toMatchObject(cancelled)
  expect(connections()).toBe(0)
  const stop = new AbortController()
  const running = outbound.request(get(`http://127.0.0.1:${port}/`, { signal: stop.signal }))
  const outcome = expect(running).rejects.toMatchObject(cancelled)
  await expect.poll(open).toBe(1)
  stop.abort()
  await outcome
  await expect.poll(open).toBe(0)
})

test('a closed client has ended what was running, and starts nothing', async () => {
  const { port, connections, open } = await listenHttp(() => {})
  const outbound = createOutbound({ allow: local })
  const running = outbound.request(get(`http://127.0.0.1:${port}/`))
  const outcome = expect(running).rejects.toMatchObject({ reason: 'cancelled' })
  await expect.poll(open).toBe(1)
  await outbound.close()
  await outcome
  await expect(outbound.request(get(`http://127.0.0.1:${port}/`))).rejects.toMatchObject({
    reason: 'cancelled',
  })
  expect(connections()).toBe(1)
})

test('a header or a method that a caller should not pass is a TypeError, and nothing is sent', async () => {
  const { port, connections } = await listenHttp()
  const outbound = openOutbound()
  const url = `http://127.0.0.1:${port}/`
  await expect(outbound.request(get(url, { headers: { host: 'x' } }))).rejects.toThrow(TypeError)
  await expect(outbound.request(get(url, { headers: { a: 'b\r\nc: d' } }))).rejects.toThrow(TypeError)
  await expect(outbound.request(get(url, { method: 'CONNECT' }))).rejects.toThrow(TypeError)
  expect(connections()).toBe(0)
})

test('an entry of the list of what is allowed that cannot be read is refused at the start', () => {
  expect(() => createOutbound({ allow: ['127.0.0.1', 'http://x'] })).toThrow(/^expected /)
})
