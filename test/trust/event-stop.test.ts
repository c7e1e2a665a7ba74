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

test('a server that stops lets short work end, and another one runs the rest without waiting for its lease', async () => {
  const { start, client, handlers } = await setUp({ DAYBOOK_DRAIN_MS: '3000', DAYBOOK_LEASE_MS: '600000' })
  const stopping = await start()
  const [long, short] = await client(stopping).sendMany(
    [hour, 700].map(ms => ({ sender: 's', kwargs: { ms } })),
  )
  await vi.waitUntil(async () => (await handlers.runs()).length === 2, { timeout: 20_000, interval: 10 })
  stopping.signal('SIGTERM')
  const other = await start()
  await vi.waitUntil(async () => (await handlers.runs()).length === 3, { timeout: 30_000 })
  const [longId, shortId] = [long, short].map(sent => sent?.event_logs[0]?.id)
  await vi.waitUntil(async () => (await client(other).count('event-log', ['is_success'])) === 2, {
    timeout: 20_000,
  })
  const rows = await client(other).query('event-log', ['is_success'])
  const attempts = new Map(rows.map(row => [row.id, row.attempt]))
  expect(attempts.get(longId ?? 0)).toBe(2)
  expect(attempts.get(shortId ?? 0)).toBe(1)
  expect((await handlers.runs()).at(-1)).toEqual({ id: longId, attempt: 2, pid: other.pid })
  // The work that was cut off does not keep the process.
  expect(await stopping.ended).toEqual({ code: 0, signal: null })
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
