import { expect, onTestFinished, test, vi } from 'vitest'
import { createClient } from '../../src/client/client.ts'
import { createTestPostgres } from '../support/databases.ts'
import {
  type DaybookProcess,
  dataFolder,
  serveDaybook,
  superToken,
  type Variables,
} from './daybook-process.ts'
import { recordingHandlers } from './recording-handlers.ts'

vi.setConfig({ testTimeout: 60_000 })

const hour = 60 * 60 * 1000

test('a server that stops lets short work end, and another one runs the rest long before a lease ends', async () => {
  const { start, client, handlers } = await setUp({ DAYBOOK_DRAIN_MS: '1500', DAYBOOK_LEASE_MS: '600000' })
  const stopping = await start()
  const long = await client(stopping).send({ sender: 's', kwargs: { ms: hour } })
  const short = await client(stopping).send({ sender: 's', kwargs: { ms: 500 } })
  await vi.waitUntil(async () => (await handlers.runs()).length === 2, { timeout: 20_000 })
  const other = await start()
  stopping.signal('SIGTERM')
  const stopped = Date.now()
  await vi.waitUntil(async () => (await handlers.runs()).length === 3, { timeout: 30_000 })
  const ids = [...long.event_logs, ...short.event_logs].map(log => log.id)
  const [longId, shortId] = ids
  await vi.waitUntil(async () => (await client(other).count('event-log', ['is_running'])) === 0)
  const rows = await client(other).query('event-log', ['is_success'])
  const attempts = new Map(rows.map(row => [row.id, row.attempt]))
  expect(attempts.get(longId ?? 0)).toBe(2)
  expect(attempts.get(shortId ?? 0)).toBe(1)
  expect((await handlers.runs()).at(-1)).toEqual({ id: longId, attempt: 2, pid: other.pid })
  // The lease would have lasted for ten minutes.
  expect(Date.now() - stopped).toBeLessThan(60_000)
})

async function setUp(more: Variables) {
  const database = await createTestPostgres()
  onTestFinished(database.drop)
  const handlers = await recordingHandlers('trust.record')
  const variables = { DATABASE_URL: database.url, DAYBOOK_HANDLERS: handlers.folder, ...more }
  return {
    handlers,
    start: async () => serveDaybook({ ...variables, DAYBOOK_DATA: await dataFolder() }),
    client: ({ url }: DaybookProcess) => createClient({ url, token: superToken }),
  }
}
