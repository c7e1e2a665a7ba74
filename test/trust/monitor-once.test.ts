import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Database } from '../../src/database/database.ts'
import { databaseFault } from '../../src/database/database-error.ts'
import { failing, type MonitorParts, openMonitorParts } from '../monitor/monitor-parts.ts'
import { openTestDatabase } from '../support/databases.ts'
import { faultKinds, faultyDatabase } from './faulty-database.ts'
import { interleave, ordersOf } from './interleave.ts'

describe('a monitor tells of a transition once', () => {
  let database: Database
  let parts: MonitorParts
  beforeAll(async () => {
    database = await openTestDatabase('postgres', { onError: () => undefined })
    parts = await openMonitorParts(database)
  })
  afterAll(async () => {
    await parts.tokens.authenticator.close()
    await database.close()
  })
  beforeEach(makeDue)

  /** One that is about to fire. */
  async function makeDue(): Promise<void> {
    for (const table of ['monitor', 'js_result', 'event_log'] as const) {
      await database.kysely.deleteFrom(table).execute()
    }
    await parts.call('monitor_create', failing)
    await parts.fail(3)
  }

  /** What was told, what is recorded of it, and where the monitor stands. */
  async function outcome(): Promise<object> {
    const { state, transitions } = await parts.statusOf('failing')
    const told = await parts.told()
    const recorded = transitions.filter(each => each.request_id !== null)
    expect(recorded.map(each => each.request_id)).toEqual(told.map(each => each.request_id).reverse())
    return { state, told: told.map(each => each.param.monitor.state) }
  }
  const once = { state: 'firing', told: ['firing'] }

  test('when two servers evaluate it, in whatever order their statements come', async () => {
    for (const order of ordersOf(40, 7)) {
      await makeDue()
      const act = (through: Database) => parts.evaluateDue(through)
      const acts = await interleave(database, order, { a: act, b: act })
      expect(acts.map(each => each.status)).toEqual(['fulfilled', 'fulfilled'])
      expect(await outcome(), order.join('')).toEqual(once)
    }
  }, 120_000)

  test('also when one of them takes it over from the other that is still at it', async () => {
    for (const order of ordersOf(40, 11)) {
      await makeDue()
      const act = (through: Database) => parts.evaluateDue(through, 0)
      await interleave(database, order, { a: act, b: act })
      expect(await outcome(), order.join('')).toEqual(once)
    }
  }, 120_000)

  test.each(faultKinds)(
    'wherever its transaction breaks: %s',
    async kind => {
      for (let at = 0, met = ''; met !== 'never'; at++) {
        await makeDue()
        const faulty = faultyDatabase(database, { kind, at })
        await parts.evaluateDue(faulty.database)
        met = faulty.met()
        await parts.evaluateAll()
        expect(await outcome(), `${kind} at ${at}, ${met}`).toEqual(once)
      }
    },
    60_000,
  )

  test.each(faultKinds)(
    'wherever its server is killed: %s',
    async kind => {
      for (let at = 0, met = ''; met !== 'never'; at++) {
        await makeDue()
        const faulty = faultyDatabase(database, { kind, at })
        await parts.evaluateDue(dyingDatabase(faulty.database, faulty.met)).catch(() => undefined)
        met = faulty.met()
        // What a dead server holds is free once its time is over.
        expect(await parts.evaluateAll()).toBe(met === 'uncommitted' ? 0 : 1)
        await database.kysely
          .updateTable('monitor')
          .set({ claimed_until: new Date(0) })
          .execute()
        await parts.evaluateAll()
        expect(await outcome(), `${kind} at ${at}, ${met}`).toEqual(once)
      }
    },
    60_000,
  )
})

/** Nothing more is written once its fault was met. */
function dyingDatabase(faulty: Database, met: () => string): Database {
  const unlessDead = <T>(work: () => Promise<T>): Promise<T> =>
    met() === 'never' ? work() : Promise.reject(databaseFault('database_unavailable'))
  const transaction: Database['transaction'] = work => unlessDead(() => faulty.transaction(work))
  const run: Database['run'] = (statement, values) => unlessDead(() => faulty.run(statement, values))
  return Object.create(faulty, { transaction: { value: transaction }, run: { value: run } })
}
