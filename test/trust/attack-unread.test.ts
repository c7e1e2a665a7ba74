import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { Client as PgClient } from 'pg'
import { beforeAll, expect, test, vi } from 'vitest'
import { type Client, createClient, DaybookError } from '../../src/client/client.ts'
import { serveForFile } from './attacked-server.ts'
import { requestText } from './http-exchange.ts'
import { peakMemory, resetPeakMemory } from './memory.ts'
import { feltBeside, report } from './other-client.ts'

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

const server = serveForFile()

/** MiB that the server may hold at most, all of Node included, so that it lives on a host of 1 GB. */
const maxMemory = 720

const rowBytes = 900_000
const rowCount = 70

beforeAll(async () => {
  const client = new PgClient({ connectionString: server().databaseUrl })
  await client.connect()
  const insert = 'insert into js_result (js_worker_name, run_type, start_time, param)'
  await client.query(
    `${insert} values ('huge', 'call', now(), jsonb_build_object('text', repeat('x', ${rowBytes})))`,
  )
  await client.query(
    `${insert} select js_worker_name, run_type, start_time, param from js_result, generate_series(2, ${rowCount})`,
  )
  await client.end()
})

const limits = [{ scopes: ['global'], permissions: [{ js_result: { read: '*' } }] }]

async function newToken(): Promise<string> {
  const made = await server().client.call('token_create', { token_creation: { token_limit: limits } })
  const { key, secret } = made as { key: string; secret: string }
  return `${key}:${secret}`
}

/** Asks, and never reads the answer. */
function askUnread(body: string): Socket {
  const { hostname, port } = new URL(server().url)
  const socket = connect(Number(port), hostname)
  socket.pause()
  socket.on('error', () => undefined)
  socket.write(
    `POST / HTTP/1.1\r\nhost: ${hostname}:${port}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  )
  return socket
}

/** The most rows whose answer the server gives. */
async function mostRows(client: Client): Promise<number> {
  let least = 1
  let beyond = rowCount + 1
  while (beyond - least > 1) {
    const rows = Math.floor((least + beyond) / 2)
    if (await isAnswered(client, rows)) least = rows
    else beyond = rows
  }
  return least
}

async function isAnswered(client: Client, rows: number): Promise<boolean> {
  try {
    await client.query('js-result', [{ js_worker_name: 'huge' }, { limit: rows }])
    return true
  } catch (error) {
    if (error instanceof DaybookError && error.reason === 'answer_too_large') return false
    throw error
  }
}

test('twenty of the largest answers that nobody reads fit into a small host, and another client is answered', async () => {
  const { url, client, process } = server()
  const [first, second, other] = [await newToken(), await newToken(), await newToken()]
  const limit = await mostRows(client)
  const bodies = [first, second].map(token =>
    requestText('js-result_query', { token, query: { condition: [{ js_worker_name: 'huge' }, { limit }] } }),
  )
  const asking = createClient({ url, token: other, timeoutMs: 20_000 })
  await resetPeakMemory(process.pid)
  const sockets: Socket[] = []
  const felt = await feltBeside(
    { ask: () => asking.query('js-result', [{ js_worker_name: 'huge' }, { limit: 1 }]) },
    async () => {
      for (let i = 0; i < 10; i++) sockets.push(...bodies.map(askUnread))
      await new Promise(resolve => setTimeout(resolve, 8000))
    },
  )
  const peak = await peakMemory(process.pid)
  report(`twenty unread answers of ${limit} rows (${Math.round(peak)} MiB at most)`, felt)
  expect(process.isRunning()).toBe(true)
  expect(peak).toBeLessThan(maxMemory)
  expect(felt.refused).toBe(0)
  expect(felt.median).toBeLessThan(1000)

  // What is read in the end gives its room back.
  const closed = Promise.all(sockets.map(socket => once(socket, 'close')))
  for (const socket of sockets) socket.destroy()
  await closed
  const held = async (): Promise<string | undefined> =>
    /^daybook_answer_bytes (\d+)$/m.exec(await (await fetch(`${url}/metrics`)).text())?.[1]
  await expect.poll(held, { timeout: 20_000 }).toBe('0')
})
