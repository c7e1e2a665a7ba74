import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, test, vi } from 'vitest'
import { serveForFile } from './attacked-server.ts'
import { superToken } from './daybook-process.ts'
import { clientAt } from './flood.ts'
import { requestText } from './http-exchange.ts'
import { peakMemory, resetPeakMemory } from './memory.ts'
import { feltBeside, report } from './other-client.ts'

vi.setConfig({ testTimeout: 120_000 })

const mebibyte = 1024 * 1024
const server = serveForFile()
const sockets: Socket[] = []

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy()
})

const bodyHead = (length: number): string =>
  `POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`
const upgradeHead = [
  'GET / HTTP/1.1',
  'Host: 127.0.0.1',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
  `Authorization: Bearer ${superToken}`,
  '\r\n',
].join('\r\n')

/** A frame's head (RFC 6455, section 5.2) that announces a text of so many bytes, masked with zeros. */
function frameHead(bytes: number): Buffer {
  const head = Buffer.alloc(14)
  head[0] = 0x81
  head[1] = 0x80 | 127
  head.writeBigUInt64BE(BigInt(bytes), 2)
  return head
}

async function open(localAddress: string): Promise<Socket> {
  const { port } = new URL(server().url)
  const socket = connect({ port: Number(port), host: '127.0.0.1', localAddress })
  socket.on('error', () => undefined)
  socket.resume()
  sockets.push(socket)
  await once(socket, 'connect')
  return socket
}

/** One who asks and appends from elsewhere. */
function otherClient(): () => Promise<void> {
  const post = clientAt('127.0.0.2', server().url)
  return async () => {
    const rows = [{ js_worker_name: 'other', run_type: 'call', param: 'x'.repeat(200_000) }]
    const { body } = await post(requestText('js-result_append', { token: superToken, rows }))
    if (!body.includes('"result"')) throw new Error(body.slice(0, 200))
  }
}

async function held(): Promise<number> {
  const metrics = await (await fetch(new URL('/metrics', server().url))).text()
  return Number(/^daybook_unfinished_bytes (\S+)$/m.exec(metrics)?.[1])
}

test.for([
  ['request', bodyHead(mebibyte)],
  ['WebSocket message', `${upgradeHead}`],
] as const)(
  '400 megabytes of which a half is sent, each a %s, are not held, and end',
  async ([kind, head]) => {
    const { process } = server()
    await resetPeakMemory(process.pid)
    const before = await peakMemory(process.pid)
    const half = Buffer.alloc(mebibyte / 2, 0x20)
    const felt = await feltBeside({ ask: otherClient() }, async () => {
      for (let i = 0; i < 400; i++) {
        const socket = await open('127.0.0.3')
        socket.write(head)
        if (kind !== 'request') socket.write(frameHead(mebibyte))
        socket.write(half)
        if (i % 20 === 0) await sleep(20)
      }
      await sleep(2000)
    })
    report(`400 half-sent megabytes, each a ${kind}`, felt)
    const grown = (await peakMemory(process.pid)) - before
    globalThis.process.stderr.write(`  the server grew by ${Math.round(grown)} MiB\n`)
    expect(felt.refusals).toEqual([])
    expect(felt.median).toBeLessThan(500)
    expect(grown).toBeLessThan(150)
    await vi.waitUntil(() => sockets.every(socket => socket.closed), { timeout: 20_000, interval: 200 })
    expect(await held()).toBe(0)
  },
)

test('each address has a share of what is held', async () => {
  for (const address of ['127.0.0.3', '127.0.0.4']) {
    for (let i = 0; i < 24; i++) {
      const socket = await open(address)
      socket.write(bodyHead(mebibyte))
      socket.write(Buffer.alloc(mebibyte - 1, 0x20))
    }
  }
  // A quarter of 64 MiB each; a buffer grows by doubling.
  await vi.waitUntil(async () => (await held()) > 24 * mebibyte, { timeout: 5000 })
  expect(await held()).toBeLessThanOrEqual(32 * mebibyte)
})

test('a body that comes by the byte ends after ten seconds, and one that gets on does not', async () => {
  const trickling = await open('127.0.0.3')
  trickling.write(`${bodyHead(1000)}[`)
  const steady = await open('127.0.0.3')
  let answer = ''
  steady.on('data', chunk => {
    answer += chunk
  })
  const text = requestText('nodeget-server_hello', {}).padEnd(14 * 1024)
  steady.write(bodyHead(text.length))
  const began = performance.now()
  for (let second = 0; second < 14; second++) {
    trickling.write(' ')
    steady.write(text.slice(second * 1024, (second + 1) * 1024))
    await sleep(1000)
    if (second < 8) expect(trickling.closed).toBe(false)
  }
  await vi.waitUntil(() => trickling.closed, { timeout: 5000 })
  expect(performance.now() - began).toBeLessThan(17_000)
  expect(answer).toContain('HTTP/1.1 200')
})
