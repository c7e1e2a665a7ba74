import { readdir } from 'node:fs/promises'
import { Client as PgClient } from 'pg'
import { expect, onTestFinished, test, vi } from 'vitest'
import { type Client, createClient } from '../../src/client/client.ts'
import { createEmptyPostgres, createTestPostgres } from '../support/databases.ts'
import type { PostgresDatabase } from '../support/postgres-database.ts'
import { type DaybookProcess, dataFolder, serveDaybook, superToken } from './daybook-process.ts'
import { rounds } from './rounds.ts'
import { lockTable } from './table-lock.ts'

test('of the rows of one PostgreSQL two servers delete each once', { timeout: 120_000 }, async () => {
  const database = await droppedLater(createTestPostgres())
  const clients = await Promise.all([newServer(database), newServer(database)])
  const [one, other] = clients
  for (let i = 0; i < rounds(5); i++) {
    await one.append('js-result', newRows(200))
    expect(await deleteTens(clients, 16)).toEqual(Array.from({ length: 16 }, () => 10))
    expect(await other.count('js-result', [])).toBe(40)
    const rest = await deleteTens(clients, 16)
    expect(rest.reduce((sum, deleted) => sum + deleted)).toBe(40)
    expect(await one.count('js-result', [])).toBe(0)
  }
})

test('servers that start at once on a new database all serve, with one super token', {
  timeout: 120_000,
}, async () => {
  const database = await droppedLater(createEmptyPostgres())
  const servers = await startTogether(database, 3)
  const shown = servers.flatMap(({ output }) => /^ {2}(\w{16}:\w{32})$/m.exec(output())?.[1] ?? [])
  expect(shown).toHaveLength(1)
  const [token = ''] = shown
  for (const { url } of servers) {
    expect(await createClient({ url, token }).append('js-result', newRows(1))).toHaveLength(1)
  }
  const files = await readdir(new URL('../../sql', import.meta.url))
  const stored = await query(database, 'select name from migration order by name')
  expect(stored.map(({ name }) => `${name}.sql`)).toEqual(files.sort())
  expect(await query(database, 'select username from token')).toEqual([{ username: 'root' }])
})

async function droppedLater(creating: Promise<PostgresDatabase>): Promise<PostgresDatabase> {
  const database = await creating
  onTestFinished(database.drop)
  return database
}

/** Starts servers that all stand before the first migration at the same moment, however long each takes to get there. */
async function startTogether(database: PostgresDatabase, count: number): Promise<readonly DaybookProcess[]> {
  await query(
    database,
    `create table migration (
      name text collate "C" primary key, checksum text not null, applied_time timestamptz not null default now())`,
  )
  const { waiting, release } = await lockTable(database.url, 'migration')
  const starting = Promise.all(Array.from({ length: count }, () => startOn(database, undefined)))
  const allWait = vi.waitUntil(async () => (await waiting()) === count, { timeout: 60_000 })
  await Promise.race([starting, allWait])
  await release()
  return starting
}

async function startOn({ url }: PostgresDatabase, token: string | undefined) {
  const own = { DATABASE_URL: url, DAYBOOK_DATA: await dataFolder() }
  return serveDaybook({ ...own, DAYBOOK_SUPER_TOKEN: token })
}

async function newServer(database: PostgresDatabase): Promise<Client> {
  const { url } = await startOn(database, superToken)
  return createClient({ url, token: superToken })
}

function newRows(count: number) {
  return Array.from({ length: count }, (_, i) => ({ js_worker_name: `worker_${i % 7}`, start_time: i % 50 }))
}

/** Sends `count` deletes of ten rows at once, by turns to each server; resolves to how many each says it deleted. */
async function deleteTens(clients: readonly [Client, Client], count: number): Promise<number[]> {
  const deletions = Array.from({ length: count }, (_, i) =>
    clients[i % 2 === 0 ? 0 : 1].delete('js-result', [{ limit: 10 }]),
  )
  return (await Promise.all(deletions)).map(({ deleted }) => deleted)
}

async function query({ url }: PostgresDatabase, text: string): Promise<Record<string, unknown>[]> {
  const client = new PgClient({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(text)).rows
  } finally {
    await client.end()
  }
}
