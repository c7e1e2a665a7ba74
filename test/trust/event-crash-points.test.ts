import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { systemClock } from '../../src/async/clock.ts'
import type { Database } from '../../src/database/database.ts'
import { createHandlerDirectory } from '../../src/event/handler/handler-directory.ts'
import { cancelRuns } from '../../src/event/run/cancel.ts'
import { forsakeRuns } from '../../src/event/run/forsake.ts'
import type { Run, RunOutcome } from '../../src/event/run/run.ts'
import { fireHandlers } from '../../src/event/send/schedule.ts'
import { createSender } from '../../src/event/send/send.ts'
import { handlers, insert, sealer } from '../event/definitions.ts'
import { insertLocal, root } from '../event/engine-setup.ts'
import { beginServer, type EventParts, loseServer, openParts } from '../event/event-parts.ts'
import { emptyEvents, findTorn } from '../event/event-rows.ts'
import { openTestDatabase } from '../support/databases.ts'
import { type Fault, faultKinds, faultyDatabase } from './faulty-database.ts'

/** What is about to be done; `act` may be called again after it has failed. */
interface Stage {
  act(through: Database): Promise<unknown>
}

type Prepare = (database: Database, parts: EventParts) => Promise<Stage>

const one = [{ sender: 's', kwargs: { n: 1 } }]
const retried = { retry: { limit: 5, delay_ms: 0, backoff: false } }

async function running(database: Database, parts: EventParts): Promise<Run> {
  await insertLocal(database, 'a', retried)
  await beginServer(database, 'server')
  await parts.send(one)
  const [run] = await parts.take('server')
  if (run === undefined) throw new Error('nothing was taken')
  return run
}

function ending(outcome: RunOutcome): Prepare {
  return async (database, parts) => {
    const run = await running(database, parts)
    return { act: through => parts.end(run, outcome, through) }
  }
}

function sending(event: object): Prepare {
  return async (database, parts) => {
    await insertLocal(database, 'a')
    await insertLocal(database, 'b')
    // Its queue is made with its first event.
    await insert(database, 'far')
    return { act: through => parts.send([{ sender: 's', kwargs: { n: 1 }, ...event }], through) }
  }
}

/** Changes the handler as its method does. */
function changing(to: 'remote' | 'gone'): Stage['act'] {
  return through =>
    through.transaction(async runner => {
      const before = await handlers.lock(runner, 'a')
      if (before === undefined) throw new Error('no handler')
      const now = systemClock()
      if (to === 'gone') {
        await forsakeRuns(runner, 'a', now)
        await handlers.remove(runner, 'a')
        return
      }
      await handlers.update(runner, 'a', { target: { kind: 'remote' } }, now)
    })
}

const operations: Readonly<Record<string, Prepare>> = {
  send: sending({}),
  'send with a key': sending({ idempotency_key: 'k' }),
  'send for later': sending({ delay_ms: 60_000 }),
  take: async (database, parts) => {
    await insertLocal(database, 'a', { concurrency: 1 })
    await insertLocal(database, 'b')
    await beginServer(database, 'server')
    await parts.send(one)
    return { act: through => parts.take('server', 100, through) }
  },
  claim: async (database, parts) => {
    const { id } = await insert(database, 'far')
    await parts.send(one)
    return { act: through => parts.claim(id, 30_000, through) }
  },
  'end with success': ending({ kind: 'success', result: { ok: true } }),
  'end for another try': ending({ kind: 'failed', message: 'broken', retry: true, retryAfterMs: 5000 }),
  'end for good': ending({ kind: 'failed', message: 'broken', retry: false }),
  'hand back': ending({ kind: 'handed_back' }),
  rescue: async (database, parts) => {
    await running(database, parts)
    await loseServer(database, 'server')
    return { act: through => parts.rescue(through) }
  },
  cancel: async (database, parts) => {
    const { id } = await running(database, parts)
    const [answer] = await parts.send(one)
    const ids = [id, ...(answer?.event_logs.map(log => log.id) ?? [])]
    return {
      act: through => through.transaction(runner => cancelRuns(runner, ids, systemClock())),
    }
  },
  'change a target': async (database, parts) => {
    await insertLocal(database, 'a')
    await parts.send(one)
    return { act: changing('remote') }
  },
  'delete a handler': async (database, parts) => {
    await insertLocal(database, 'a')
    await parts.send(one)
    return { act: changing('gone') }
  },
  'fire a schedule': async database => {
    await insertLocal(database, 'a', { schedule: { cron: '0 * * * *', tz: 'UTC' } })
    const due = database.kysely.updateTable('event_handler').set({ next_fire_time: new Date(0) })
    await due.execute()
    return {
      act: through => {
        const directory = createHandlerDirectory(sealer)
        const sender = createSender({
          database: through,
          directory,
          clock: systemClock,
          recall: async () => root,
          onWork: () => undefined,
        })
        const runScript = () => Promise.resolve()
        const onError = () => undefined
        return fireHandlers({ database: through, sender, clock: systemClock, runScript, onError })
      },
    }
  },
}

test('wherever a transaction breaks, everything is changed or nothing', async ({ annotate }) => {
  const database = await openTestDatabase('postgres', { onError: () => undefined })
  const parts = await openParts(database)
  let points = 0
  try {
    for (const [name, prepare] of Object.entries(operations)) {
      for (const kind of faultKinds) points += await breakEverywhere(database, parts, { name, prepare, kind })
    }
  } finally {
    await database.close()
  }
  await annotate(`${points} points`)
  expect(points).toBeGreaterThanOrEqual(90)
}, 60_000)

interface Breaking {
  readonly name: string
  readonly prepare: Prepare
  readonly kind: Fault['kind']
}

/** Breaks an operation at its first statement, at its second, and so on; resolves to how many it has. */
async function breakEverywhere(
  database: Database,
  parts: EventParts,
  { name, prepare, kind }: Breaking,
): Promise<number> {
  for (let at = 0; ; at++) {
    await emptyEvents(database)
    const { act } = await prepare(database, parts)
    await parts.directory.current(database)
    const before = await stateOf(database)
    const { database: through, met } = faultyDatabase(database, { kind, at })
    const acknowledged = await act(through).then(
      () => true,
      () => false,
    )
    const after = await stateOf(database)
    const where = `${name}, ${kind} at ${at}`
    // An answer that was lost after the commit has done its work all the same.
    const isDone = met() !== 'uncommitted'
    expect(acknowledged, where).toBe(met() === 'never')
    expect(after === before, where).toBe(!isDone)
    // What broke has left nothing behind that would break the next.
    if (!isDone) await act(database)
    expect(await stateOf(database), where).not.toBe(before)
    expect(await findTorn(database), where).toEqual([])
    if (met() === 'never') return at
  }
}

async function stateOf({ kysely }: Database): Promise<string> {
  const { rows } = await sql<{ state: string }>`
    select jsonb_build_array(
      (select jsonb_agg(jsonb_build_array(id, status, attempt, failures, due_time, owner, result, cancel_requested) order by id)
       from event_log),
      (select jsonb_agg(jsonb_build_array(id, target_kind, next_fire_time) order by id) from event_handler),
      (select jsonb_agg(to_jsonb(k)) from event_idempotency k)
    )::text as state`.execute(kysely)
  return rows[0]?.state ?? ''
}
