import { Client as PgClient } from 'pg'
import { expect, onTestFinished, test, vi } from 'vitest'
import { createClient } from '../../src/client/client.ts'
import { type PostgresServer, startPostgres } from '../support/postgres-server.ts'
import { type DaybookProcess, dataFolder, serveDaybook, superToken } from './daybook-process.ts'
import { findLosses } from './kept-rows.ts'
import { startReaders } from './readers.ts'
import { rounds } from './rounds.ts'
import { startWriters } from './writers.ts'

const restarts = rounds(5)

test('a server outlives restarts of its PostgreSQL under load and answers every request', {
  timeout: restarts * 30_000,
}, async () => {
  const postgres = await durablePostgres()
  const server = await serveDaybook({ DATABASE_URL: postgres.url, DAYBOOK_DATA: await dataFolder() })
  const writers = startWriters({ url: server.url })
  const readers = startReaders({ url: server.url, clients: 2 })
  for (let i = 0; i < restarts; i++) {
    const before = writers.acknowledged()
    await vi.waitUntil(() => writers.acknowledged() >= before + 20, { timeout: 20_000 })
    await postgres.restart(i % 2 === 0 ? 'immediate' : 'fast')
    const query = (): Promise<unknown> => createClient(own(server)).query('js-result', ['last'])
    await vi.waitFor(query, { timeout: 2000, interval: 20 })
    await expectListening(server, postgres)
  }
  await writers.stop()
  await readers.stop()

  expect(server.isRunning()).toBe(true)
  expect(await writers.lost).toEqual([])
  const refusals = [...writers.refusals, ...readers.refusals]
  expect(refusals.length).toBeGreaterThan(0)
  for (const { code, data } of refusals) {
    expect([103, 110]).toContain(code)
    expect(data.retryable).toBeTypeOf('boolean')
  }
  // A read changes nothing, so that it can always be repeated.
  expect(readers.refusals.filter(({ retryable }) => !retryable)).toEqual([])
  expect(await findLosses(server.url, writers.appends)).toEqual({ broken: [], torn: [] })
})

/** What it has acknowledged outlives its own crash, as it would in production. */
async function durablePostgres(): Promise<PostgresServer> {
  const postgres = await startPostgres({ fsync: true })
  onTestFinished(postgres.stop)
  return postgres
}

function own({ url }: DaybookProcess): { url: string; token: string } {
  return { url, token: superToken }
}

/** A notification empties the cache of credentials; a token that another server deletes is dead soon. */
async function expectListening(server: DaybookProcess, postgres: PostgresServer): Promise<void> {
  const other = new PgClient({ connectionString: postgres.url })
  await other.connect()
  try {
    await vi.waitFor(() => expectWake(server, other), { timeout: 5000, interval: 100 })
    const { key, secret } = await newReader(server)
    const guest = createClient({ url: server.url, token: `${key}:${secret}` })
    await guest.query('js-result', ['last'])
    await other.query('delete from token where token_key = $1', [key])
    const refused = { code: 102, reason: 'permission_denied' }
    await vi.waitFor(() => expect(guest.query('js-result', ['last'])).rejects.toMatchObject(refused), {
      timeout: 1500,
      interval: 20,
    })
  } finally {
    await other.end()
  }
}

/** Without a change of any token nothing but a notification, which nobody but us sends here, causes a new look-up. */
async function expectWake(server: DaybookProcess, other: PgClient): Promise<void> {
  const before = await credentialMisses(server)
  await other.query('notify daybook_token')
  await vi.waitUntil(async () => (await credentialMisses(server)) > before, { timeout: 300, interval: 20 })
}

async function credentialMisses({ url }: DaybookProcess): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text()
  const count = /^daybook_cache_lookups_total\{cache="credential",outcome="miss"\} (\d+)$/m.exec(text)?.[1]
  return Number(count)
}

async function newReader(server: DaybookProcess): Promise<{ key: string; secret: string }> {
  const limit = { scopes: ['global'], permissions: [{ js_result: { read: '*' } }] }
  return createClient(own(server)).call('token_create', { token_creation: { token_limit: [limit] } })
}
