import { expect, onTestFinished, test } from 'vitest'
import type { Engine } from '../../src/database/database.ts'
import { createTestPostgres, engines } from '../support/databases.ts'
import { dataFolder, filledFolder, serveDaybook, type Variables } from './daybook-process.ts'
import { findLosses } from './kept-rows.ts'
import { rounds } from './rounds.ts'
import { type Append, startWriters } from './writers.ts'

// event-sigkill.test.ts kills twenty times more.
const kills = rounds(5)

test.for(engines)(
  '%s: a server killed again and again keeps every acknowledged row',
  { timeout: kills * 60_000 },
  async (engine, { annotate }) => {
    const variables = await databaseOf(engine)
    const appends: Append[] = []
    for (let i = 0; i < kills; i++) appends.push(...(await appendUntilKilled(variables, appends.length)))

    const { url } = await serveDaybook(variables)
    expect(await findLosses(url, appends)).toEqual({ broken: [], torn: [] })
    const acknowledged = appends.filter(({ ids }) => ids !== undefined)
    expect(acknowledged.length).toBeGreaterThanOrEqual(kills)
    // An id given twice would hide a loss.
    const ids = acknowledged.flatMap(append => append.ids ?? [])
    expect(new Set(ids).size).toBe(ids.length)
    await annotate(`${kills} kills, ${acknowledged.length} appends of ${ids.length} rows acknowledged`)
  },
)

async function databaseOf(engine: Engine): Promise<Variables> {
  if (engine === 'pglite') return { DAYBOOK_DATA: await filledFolder() }
  const database = await createTestPostgres()
  onTestFinished(database.drop)
  return { DAYBOOK_DATA: await dataFolder(), DATABASE_URL: database.url }
}

/** Starts a server, and kills it within the stream of acknowledgements. */
async function appendUntilKilled(variables: Variables, firstNumber: number): Promise<readonly Append[]> {
  const server = await serveDaybook(variables)
  const killAfter = 1 + Math.floor(Math.random() * 150)
  const writers = startWriters({
    url: server.url,
    firstNumber,
    onAcknowledged: count => {
      if (count === killAfter) void server.kill()
    },
  })
  expect((await writers.lost).length).toBeGreaterThan(0)
  expect(await server.ended).toEqual({ code: null, signal: 'SIGKILL' })
  return writers.appends
}
