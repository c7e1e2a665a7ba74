import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { expect, test, vi } from 'vitest'
import { expectUnharmed, serveForFile } from './attacked-server.ts'

vi.setConfig({ testTimeout: 120_000 })

/** MiB that the server may hold at most. */
const maxMemory = 600

const server = serveForFile()

const head = 'POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n'
const halfHead = head
const halfBody = `${head}Content-Length: 100000\r\n\r\n[${' '.repeat(50_000)}`

test('2,000 connections that send half a request harm nobody, and lose their connection', async () => {
  const sockets: Socket[] = []
  await expectUnharmed(server(), maxMemory, async () => {
    for (let i = 0; i < 2000; i++) sockets.push(await openConnection(i % 2 === 0 ? halfHead : halfBody))
  })
  const silent = sockets.filter((_, i) => i % 2 === 0)
  await vi.waitUntil(() => silent.every(socket => socket.closed), { timeout: 60_000, interval: 200 })
  for (const socket of sockets) socket.destroy()
})

test.for([
  ['one header of a mebibyte', `X-Long: ${'x'.repeat(1024 * 1024)}\r\n`],
  ['100,000 headers', Array.from({ length: 100_000 }, (_, i) => `X-${i}: ${i}\r\n`).join('')],
  ['a path of a mebibyte', undefined],
])('%s is refused', async ([, headers]) => {
  const request =
    headers === undefined
      ? `GET /${'p'.repeat(1024 * 1024)} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`
      : `${head}${headers}\r\n`
  const answers = await expectUnharmed(server(), maxMemory, () =>
    Promise.all(Array.from({ length: 20 }, () => exchange(request))),
  )
  for (const answer of answers) expect(answer).toMatch(/^(HTTP\/1\.1 431 |$)/)
})

async function openConnection(sent: string): Promise<Socket> {
  const { port } = new URL(server().url)
  const socket = connect(Number(port), '127.0.0.1')
  // A connection that the server cuts off may end by a reset.
  socket.on('error', () => undefined)
  socket.resume()
  await once(socket, 'connect')
  socket.write(sent)
  return socket
}

/** All that the server answers before it closes the connection. */
async function exchange(sent: string): Promise<string> {
  const socket = await openConnection(sent)
  let answer = ''
  socket.on('data', chunk => {
    answer += chunk
  })
  // once() would reject at a reset.
  await new Promise(resolve => socket.on('close', resolve))
  return answer
}
