import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test, vi } from 'vitest'
import type { Database } from '../../../src/database/database.ts'
import { insertLocal, openPostgres, startTestEngine, type Work } from '../engine-setup.ts'
import { eventRow, eventRows, findTorn, untilEnded, untilStatus } from '../event-rows.ts'

const never: Work = () => new Promise(() => undefined)
const hour = 60 * 60 * 1000

describe('running', () => {
  test('tries again what failed, each time later, until its limit', async () => {
    const database = await openPostgres()
    await insertLocal(database, 'a', { retry: { limit: 2, delay_ms: 150, backoff: true } })
    const began: number[] = []
    const engine = await startTestEngine(database, {
      local: {
        a() {
          began.push(Date.now())
          throw new RangeError('too far')
        },
      },
    })
    await engine.send({ sender: 's' })
    const [row] = await untilEnded(database)
    expect(row).toMatchObject({ status: 'fail', attempt: 3, failures: 3 })
    expect(row?.error_message).toBe('handler_error: RangeError: too far')
    const [first = 0, second = 0, third = 0] = began
    expect(second - first).toBeGreaterThanOrEqual(150)
    expect(third - second).toBeGreaterThanOrEqual(300)
    expect(began).toHaveLength(3)
    expect(await findTorn(database)).toEqual([])
    expect(engine.errors).toEqual([])
  })

  test('cuts off a handler that does not heed its signal', async () => {
    const database = await openPostgres()
    await insertLocal(database, 'a', { timeout_ms: 200 })
    const reasons: unknown[] = []
    const engine = await startTestEngine(database, {
      local: {
        a(_kwargs, { signal }) {
          signal.addEventListener('abort', () => reasons.push(signal.reason))
          return new Promise(() => undefined)
        },
      },
    })
    await engine.send({ sender: 's' })
    const [row] = await untilEnded(database)
    expect(row).toMatchObject({ status: 'fail', attempt: 1 })
    expect(row?.error_message).toMatch(/^handler_timeout: /)
    expect(String(reasons[0])).toMatch(/handler_timeout/)
    expect(await findTorn(database)).toEqual([])
  })

  test.each([
    ['is no JSON', () => 2n, /^result_refused: /],
    ['is too large', () => 'x'.repeat(1024 * 1024), /^result_too_large: /],
    ['holds what the database refuses', () => '\u0000', /^result_refused: /],
  ])('fails a result that %s, for good', async (_what, run, message) => {
    const database = await openPostgres()
    await insertLocal(database, 'a', { retry: { limit: 5, delay_ms: 0, backoff: false } })
    const engine = await startTestEngine(database, { local: { a: run } })
    await engine.send({ sender: 's' })
    const [row] = await untilEnded(database)
    expect(row).toMatchObject({ status: 'fail', attempt: 1 })
    expect(row?.error_message).toMatch(message)
  })

  test('stops what a client has ended or deleted, and changes nothing of it', async () => {
    const database = await openPostgres()
    await insertLocal(database, 'a')
    const stopped: number[] = []
    const engine = await startTestEngine(database, {
      local: {
        a: (_kwargs, { id, signal }) =>
          new Promise(resolve => {
            signal.addEventListener('abort', () => {
              stopped.push(id)
              resolve('too late')
            })
          }),
      },
    })
    const [one] = (await engine.send({ sender: 's' })).event_logs
    const [other] = (await engine.send({ sender: 's' })).event_logs
    await untilStatus(database, one?.id, 'running')
    await untilStatus(database, other?.id, 'running')
    const ended = { status: 'success', result: '"by hand"', finish_time: new Date() }
    await database.kysely
      .updateTable('event_log')
      .set(ended)
      .where('id', '=', one?.id ?? 0)
      .execute()
    await database.kysely
      .deleteFrom('event_log')
      .where('id', '=', other?.id ?? 0)
      .execute()
    await vi.waitUntil(() => stopped.length === 2, { timeout: 10_000 })
    await vi.waitUntil(async () => (await findTorn(database)).length === 0, { timeout: 10_000 })
    expect(await eventRows(database)).toMatchObject([{ id: one?.id, status: 'success', result: 'by hand' }])
  })

  describe('when its server stops', () => {
    test('lets short work end, and hands the rest back without a failure', async () => {
      const database = await openPostgres()
      await insertLocal(database, 'long')
      await insertLocal(database, 'short')
      const engine = await startTestEngine(database, {
        local: { long: never, short: () => sleep(100, 'done') },
      })
      const { event_logs: logs } = await engine.send({ sender: 's' })
      for (const log of logs) await untilStatus(database, log.id, 'running')
      await engine.close(1500)
      expect(await eventRows(database)).toMatchObject([
        { full_name: 'long', status: 'waiting', attempt: 2, failures: 0, owner: null },
        { full_name: 'short', status: 'success', attempt: 1, result: 'done' },
      ])
      expect(await findTorn(database)).toEqual([])
      const other = await startTestEngine(database, { local: { long: (_kwargs, { attempt }) => attempt } })
      expect(await untilEnded(database)).toMatchObject([{ attempt: 2, result: 2, status: 'success' }, {}])
      expect([...engine.errors, ...other.errors]).toEqual([])
    })

    test('hands back what it was just taking', async () => {
      const database = await openPostgres()
      await insertLocal(database, 'a')
      const { through, hold, release } = heldTakes(database)
      let began = 0
      const engine = await startTestEngine(through, { local: { a: () => void began++ }, leaseMs: hour })
      hold()
      const [log] = (await engine.send({ sender: 's' })).event_logs
      await untilStatus(database, log?.id, 'running')
      const closed = engine.close(5000)
      await sleep(50)
      release()
      await closed
      expect(began).toBe(0)
      expect(await eventRow(database, log?.id)).toMatchObject({ status: 'waiting', attempt: 2, failures: 0 })
      expect(await findTorn(database)).toEqual([])
      expect(engine.errors).toEqual([])
    })
  })
})

/** A database that holds the answers of those takes of handler `a` back that were committed while it holds. */
function heldTakes(database: Database) {
  let held: PromiseWithResolvers<void> | undefined
  const run: Database['run'] = async (statement, values) => {
    const result = await database.run(statement, values)
    const isTake = statement.sql.includes('skip locked') && result.rows.some(row => row.includes('a'))
    if (isTake) await held?.promise
    return result
  }
  return {
    through: Object.create(database, { run: { value: run } }) as Database,
    hold() {
      held = Promise.withResolvers()
    },
    release: () => held?.resolve(),
  }
}
