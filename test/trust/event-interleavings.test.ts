import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { systemClock } from '../../src/async/clock.ts'
import { entryOf } from '../../src/audit/entry.ts'
import { equal } from '../../src/condition/predicate.ts'
import type { Database } from '../../src/database/database.ts'
import { createStatementCache } from '../../src/database/statement-cache.ts'
import { cancelRuns } from '../../src/event/run/cancel.ts'
import { forsakeOrphans, forsakeRuns } from '../../src/event/run/forsake.ts'
import type { Run, RunOutcome } from '../../src/event/run/run.ts'
import { eventLog } from '../../src/resource/kind/event-log.ts'
import { tableOf } from '../../src/resource/table.ts'
import { finishRows } from '../../src/resource/write/finish.ts'
import { removeRows } from '../../src/resource/write/remove.ts'
import { handlers } from '../event/definitions.ts'
import { insertLocal } from '../event/engine-setup.ts'
import { beginServer, type EventParts, loseServer, openParts } from '../event/event-parts.ts'
import { emptyEvents, findTorn, watchStates } from '../event/event-rows.ts'
import { openTestDatabase } from '../support/databases.ts'
import { type Act, interleave, ordersOf } from './interleave.ts'

const success: RunOutcome = { kind: 'success', result: { by: 'its server' } }
const failure: RunOutcome = { kind: 'failed', message: 'broken: by the test', retry: true }
const handedBack: RunOutcome = { kind: 'handed_back' }
const retried = { retry: { limit: 5, delay_ms: 0, backoff: false } }

interface Scene {
  readonly database: Database
  readonly parts: EventParts
  /** A run of a local handler that runs on `server`, whose lease may have ended, or that waits. */
  readonly run: Run
}

type Make = (scene: Scene) => Act

const ending =
  (outcome: RunOutcome): Make =>
  ({ parts, run }) =>
  through =>
    parts.end(run, outcome, through)

const rescue: Make =
  ({ parts }) =>
  through =>
    parts.rescue(through)

const cancel: Make =
  ({ run }) =>
  through =>
    through.transaction(async runner => {
      await runner.run({ name: undefined, sql: 'select from event_log for update', parameters: [] }, [])
      return cancelRuns(runner, [run.id], systemClock())
    })

const finish: Make =
  ({ database, run }) =>
  through =>
    through.transaction(runner =>
      finishRows(tableOf(eventLog, { database, cache: createStatementCache() }, runner), finishRule, {
        predicates: [equal('id', run.id), finishRule.open],
        result: '{"by":"a client"}',
        errorMessage: null,
        finishTime: systemClock(),
      }),
    )

const remove: Make =
  ({ database, run }) =>
  through =>
    through.transaction(runner =>
      removeRows(tableOf(eventLog, { database, cache: createStatementCache() }, runner), {
        predicates: [equal('id', run.id)],
        limit: undefined,
        maxAffected: undefined,
        entry: entryOf({ time: 0, token_key: 'server', method: 'test', outcome: 'success' }),
      }),
    )

/** Another server takes the run back, runs it and ends it. */
const rescueAndRun: Make =
  ({ parts }) =>
  async through => {
    await parts.rescue(through)
    const [again] = await parts.take('other', 1, through)
    if (again !== undefined) await parts.end(again, failure, through)
  }

const take =
  (server: string): Make =>
  ({ parts }) =>
  through =>
    parts.take(server, 10, through)

const change =
  (to: 'remote' | 'gone'): Make =>
  () =>
  through =>
    through.transaction(async runner => {
      const before = await handlers.lock(runner, 'a')
      if (before === undefined) throw new Error('no handler')
      const now = systemClock()
      if (to === 'gone') {
        await forsakeRuns(runner, 'a', now)
        return handlers.remove(runner, 'a')
      }
      return handlers.update(runner, 'a', { target: { kind: 'remote' } }, now)
    })

const retarget = change('remote')
const dissolve = change('gone')

/** What these leave behind is put right later. */
const leavesRuns: ReadonlySet<Make> = new Set([dissolve])

const ofLostServer: readonly (readonly [string, Make, Make])[] = [
  ['success against rescue', ending(success), rescue],
  ['failure against rescue', ending(failure), rescue],
  ['hand back against rescue', ending(handedBack), rescue],
  ['success against rescue and another attempt', ending(success), rescueAndRun],
  ['rescue against rescue', rescue, rescue],
  ['rescue against cancel', rescue, cancel],
  ['rescue against the finish of a client', rescue, finish],
]

const ofRunning: readonly (readonly [string, Make, Make])[] = [
  ['success against cancel', ending(success), cancel],
  ['failure against cancel', ending(failure), cancel],
  ['hand back against cancel', ending(handedBack), cancel],
  ['success against the finish of a client', ending(success), finish],
  ['failure against the finish of a client', ending(failure), finish],
  ['success against the delete of a client', ending(success), remove],
  ['failure against the delete of a client', ending(failure), remove],
  ['success against success', ending(success), ending(success)],
  ['failure against another target', ending(failure), retarget],
  ['failure against the end of its handler', ending(failure), dissolve],
]

const ofWaiting: readonly (readonly [string, Make, Make])[] = [
  ['take against take', take('server'), take('other')],
  ['take against cancel', take('server'), cancel],
  ['take against the finish of a client', take('server'), finish],
  ['take against the delete of a client', take('server'), remove],
  ['take against another target', take('server'), retarget],
  ['take against the end of its handler', take('server'), dissolve],
]

describe('two transactions, statement by statement in any order', () => {
  let database: Database
  let parts: EventParts
  let states: Awaited<ReturnType<typeof watchStates>>

  beforeAll(async () => {
    database = await openTestDatabase('postgres', { onError: () => undefined })
    parts = await openParts(database)
    states = await watchStates(database)
  })
  beforeEach(() => sql.raw('truncate state_change').execute(database.kysely))
  afterAll(async () => {
    await database.close()
  })

  async function setUp(at: 'waiting' | 'running' | 'lost'): Promise<Scene> {
    await emptyEvents(database)
    const handler = await insertLocal(database, 'a', retried)
    await beginServer(database, 'server')
    await beginServer(database, 'other')
    const [answer] = await parts.send([{ sender: 's' }])
    const [log] = answer?.event_logs ?? []
    if (log === undefined) throw new Error('nothing was sent')
    if (at === 'waiting') {
      const place = {
        sender: 's',
        eventType: '',
        runType: 'send' as const,
        requestId: '',
        chainOwner: null,
        nodeId: '',
        parentNodeId: null,
        depth: 0,
      }
      const run = {
        ...place,
        id: log.id,
        handler,
        attempt: 1,
        failures: 0,
        kwargs: null,
        caller: [],
      }
      return { database, parts, run }
    }
    const [run] = await parts.take('server')
    if (run === undefined) throw new Error('nothing was taken')
    if (at === 'lost') await loseServer(database, 'server')
    return { database, parts, run }
  }

  /** Does what servers do again and again. */
  async function settle(): Promise<void> {
    await forsakeOrphans(database, systemClock())
    for (const run of await parts.take('other')) await parts.end(run, success)
  }

  const count = 14
  const cases = [
    ...ofLostServer.map(each => ['lost', ...each] as const),
    ...ofRunning.map(each => ['running', ...each] as const),
    ...ofWaiting.map(each => ['waiting', ...each] as const),
  ]

  test.each(cases)('%s: %s', async (at, _name, a, b) => {
    for (const [i, order] of ordersOf(count, cases.length).entries()) {
      const scene = await setUp(at)
      const settled = await interleave(database, order, { a: a(scene), b: b(scene) })
      const where = `order ${i}: ${order.join('')}`
      expect(
        settled.filter(each => each.status === 'rejected'),
        where,
      ).toEqual([])
      const [{ value: ofA }] = settled as [PromiseFulfilledResult<unknown>]
      if (Array.isArray(ofA)) for (const run of ofA) await parts.end(run, success)
      if (leavesRuns.has(b)) await settle()
      expect(await states.faults(), where).toEqual([])
      expect(await findTorn(database), where).toEqual([])
    }
  })

  test('are at least 300 orders', () => expect(cases.length * count).toBeGreaterThanOrEqual(300))
})

const finishRule = eventLog.finish ?? fail()

function fail(): never {
  throw new Error('event-log cannot be finished')
}
