import { expect, onTestFinished, test } from 'vitest'
import { createClient } from '../../src/client/client.ts'
import type { Engine } from '../../src/database/database.ts'
import { createTestPostgres, engines } from '../support/databases.ts'
import { dataFolder, filledFolder, serveDaybook, superToken, type Variables } from './daybook-process.ts'
import { rounds } from './rounds.ts'

const kills = rounds(3)
const rowCount = 2000

test.for(engines)(
  '%s: of a server that is killed while it deletes, each delete and its entry in the trail stand or fall together',
  { timeout: kills * 60_000 },
  async engine => {
    const variables = { ...(await databaseOf(engine)), DAYBOOK_SUPER_TOKEN: superToken }
    let appended = 0
    for (let i = 0; i < kills; i++) appended += await deleteUntilKilled(variables)

    const { url } = await serveDaybook(variables)
    const client = createClient({ url, token: superToken })
    const left = await client.count('js-result', [])
    const told = new Set<number>()
    let affected = 0
    for await (const entry of client.page('audit-log', [{ method: 'js-result_delete' }, 'is_success'])) {
      affected += Number(entry.affected)
      for (const id of entry.ids as readonly number[]) told.add(id)
    }
    expect(affected).toBeGreaterThan(0)
    expect(appended - left).toBe(affected)
    // None is told of that is still there, nor twice.
    expect(told.size).toBe(affected)
    expect(await client.count('js-result', [{ or: chunksOf([...told]).map(id_in => ({ id_in })) }])).toBe(0)
  },
)

function chunksOf(ids: readonly number[]): readonly (readonly number[])[] {
  return Array.from({ length: Math.ceil(ids.length / 1000) }, (_, i) => ids.slice(i * 1000, i * 1000 + 1000))
}

async function databaseOf(engine: Engine): Promise<Variables> {
  if (engine === 'pglite') return { DAYBOOK_DATA: await filledFolder() }
  const database = await createTestPostgres()
  onTestFinished(database.drop)
  return { DAYBOOK_DATA: await dataFolder(), DATABASE_URL: database.url }
}

/** Answers how many rows were appended before. */
async function deleteUntilKilled(variables: Variables): Promise<number> {
  const server = await serveDaybook(variables)
  const client = createClient({ url: server.url, token: superToken })
  const rows = Array.from({ length: rowCount / 2 }, (_, n) => ({ js_worker_name: 'w', start_time: n }))
  for (let i = 0; i < 2; i++) await client.append('js-result', rows)
  const killAfter = 5 + Math.floor(Math.random() * 40)
  let done = 0
  const deleting = async (): Promise<void> => {
    for (;;) {
      await client.delete('js-result', [{ limit: 7 }])
      if (++done === killAfter) void server.kill()
    }
  }
  await Promise.allSettled(Array.from({ length: 4 }, deleting))
  expect(await server.ended).toMatchObject({ signal: 'SIGKILL' })
  return rowCount
}
