import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test, vi } from 'vitest'
import { createClient } from '../../src/client/client.ts'
import { openDatabase } from '../../src/database/open.ts'
import { eventRows, findTorn, watchStates } from '../event/event-rows.ts'
import { createTestPostgres } from '../support/databases.ts'
import {
  type DaybookProcess,
  dataFolder,
  serveDaybook,
  superToken,
  type Variables,
} from './daybook-process.ts'
import { recordingHandlers } from './recording-handlers.ts'
import { rounds } from './rounds.ts'

const kills = rounds(10)

/** Events of one call: to the server that stays, a multiple of those to the one that is killed. */
const sentToStaying = 60
const sentToKilled = 20

test('two servers run every event to its end, one of them killed again and again', {
  timeout: kills * 10_000,
}, async ({ annotate }) => {
  const own = await createTestPostgres()
  onTestFinished(own.drop)
  const database = await openDatabase({ url: own.url, onError: () => undefined })
  onTestFinished(() => database.close())
  const states = await watchStates(database)
  const handlers = await recordingHandlers('trust.record')
  const variables: Variables = {
    DATABASE_URL: own.url,
    DAYBOOK_HANDLERS: handlers.folder,
    DAYBOOK_LEASE_MS: '1000',
    // So few that work waits, and both servers have some.
    DAYBOOK_MAX_RUNS: '10',
  }
  const start = async () => serveDaybook({ ...variables, DAYBOOK_DATA: await dataFolder() })
  const staying = await start()
  const acknowledged: number[] = []
  let starting = start()
  for (let round = 1; round <= kills; round++) {
    const killed = await starting
    // The one that stays may be done with all of a call before the other has taken any.
    const isRunning = async () => {
      acknowledged.push(...((await sendEvents(staying, sentToStaying)) ?? []))
      return (await handlers.runs()).some(run => run.pid === killed.pid)
    }
    await vi.waitUntil(isRunning, { timeout: 20_000, interval: 100 })
    // Its successor comes up meanwhile: a start takes longer than all the rest.
    if (round < kills) starting = start()
    const sending = [sendEvents(staying, sentToStaying), sendEvents(killed, sentToKilled)]
    await sleep(Math.random() * 40)
    await killed.kill()
    for (const ids of await Promise.all(sending)) acknowledged.push(...(ids ?? []))
  }

  await vi.waitUntil(async () => !(await isOpen(database)), { timeout: 60_000, interval: 100 })
  const rows = await eventRows(database)
  const ids = new Set(rows.map(row => row.id))
  expect(acknowledged.length).toBeGreaterThanOrEqual(kills * 2 * sentToStaying)
  expect(acknowledged.filter(id => !ids.has(id))).toEqual([])
  // A call is carried out whole or not at all, acknowledged or not.
  expect(rows.length % sentToKilled).toBe(0)
  expect(new Set(rows.map(row => row.status))).toEqual(new Set(['success']))
  expect(await findTorn(database)).toEqual([])
  expect(await states.faults()).toEqual([])

  const runs = await handlers.runs()
  const attempts = Map.groupBy(runs, run => run.id)
  expect(rows.filter(row => !attempts.has(row.id))).toEqual([])
  const twice = [...attempts.values()].filter(
    each => new Set(each.map(run => run.attempt)).size < each.length,
  )
  expect(twice).toEqual([])
  const again = runs.length - rows.length
  expect(again).toBeGreaterThan(0)
  await annotate(`${kills} kills, ${rows.length} events, ${again} runs again`)
})

/** Sends so many events in one call; resolves to the ids of their rows, or undefined when the server is gone. */
async function sendEvents({ url }: DaybookProcess, count: number): Promise<readonly number[] | undefined> {
  const client = createClient({ url, token: superToken })
  const events = Array.from({ length: count }, () => ({
    sender: 'trust',
    kwargs: { ms: Math.random() * 40 },
  }))
  try {
    const sent = await client.sendMany(events)
    return sent.flatMap(each => each.event_logs.map(log => log.id))
  } catch (error) {
    if (error instanceof Error && error.name === 'DaybookConnectionError') return undefined
    throw error
  }
}

async function isOpen(database: Parameters<typeof eventRows>[0]): Promise<boolean> {
  const open = database.kysely
    .selectFrom('event_log')
    .select('id')
    .where('status', 'in', ['waiting', 'running'])
  return (await open.limit(1).execute()).length > 0
}
