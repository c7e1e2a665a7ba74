import { once } from 'node:events'
import { Client as PgClient } from 'pg'
import { beforeAll, expect, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { expectUnharmed, serveForFile } from './attacked-server.ts'
import { superToken } from './daybook-process.ts'
import { post, requestText } from './http-exchange.ts'

vi.setConfig({ testTimeout: 300_000, hookTimeout: 120_000 })

const maxAnswerBytes = 16 * 1024 * 1024
const server = serveForFile({
  DAYBOOK_STATEMENT_TIMEOUT_MS: '200000',
  DAYBOOK_MAX_ANSWER_BYTES: String(maxAnswerBytes),
})

/** MiB that the server may hold at most: some answers of 16 MiB at once, never all of them. */
const maxMemory = 1000

const rowBytes = 900_000
/** The most rows of that size that fit into an answer. */
const mostRows = Math.floor(maxAnswerBytes / (rowBytes + 1000))

/** So many that no text could hold them: those end at 512 MiB. */
const rowCount = 650

// Repeated text takes hardly any room in PostgreSQL, and its full size in an answer. A copy of it is not made anew.
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

const tooLarge = { code: 110, data: { reason: 'answer_too_large' } }

function queryText(limit: number, id = 1): string {
  const query = { condition: [{ js_worker_name: 'huge' }, { limit }] }
  return requestText('js-result_query', { token: superToken, query }, id)
}

test('a WebSocket that never reads is given few answers', async () => {
  const socket = new WebSocket(server().url.replace('http', 'ws'))
  await once(socket, 'open')
  // Five hundred answers of nine megabytes.
  await expectUnharmed(server(), 1000, async () => {
    socket.pause()
    for (let id = 0; id < 500; id++) socket.send(queryText(10, id))
    // A bystander's queries come in turn with those of the socket.
    for (let i = 0; i < 20; i++)
      await server().client.query('js-result', [{ js_worker_name: 'huge' }, { limit: 1 }])
  })
  socket.terminate()
})

test('a query for more than a text can hold is refused, the most that fits is answered', async () => {
  const { client } = server()
  await expectUnharmed(server(), maxMemory, async () => {
    await expect(client.query('js-result', [])).rejects.toMatchObject(tooLarge)
    // A tenth of that is enough to tell whether pages are measured, too.
    const page = client.call('js-result_page', { query: { condition: [{ limit: 100 }] } })
    await expect(page).rejects.toMatchObject(tooLarge)
    await expect(client.query('js-result', [{ limit: mostRows + 1 }])).rejects.toMatchObject(tooLarge)
    expect(await client.query('js-result', [{ limit: mostRows }])).toHaveLength(mostRows)
  })
})

test('a batch of a hundred queries for the most that fits is refused in bounded memory', async () => {
  const batch = `[${Array.from({ length: 100 }, (_, id) => queryText(mostRows, id)).join()}]`
  const { body } = await expectUnharmed(server(), maxMemory, () => post(server().url, batch))
  const answers = JSON.parse(body) as readonly { id: number; error: unknown }[]
  expect(answers.map(({ id }) => id)).toEqual(Array.from({ length: 100 }, (_, id) => id))
  for (const { error } of answers) expect(error).toMatchObject(tooLarge)
})
