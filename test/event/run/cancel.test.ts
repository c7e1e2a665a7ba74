import { describe, expect, test } from 'vitest'
import type { Database } from '../../../src/database/database.ts'
import { cancelRuns } from '../../../src/event/run/cancel.ts'
import { insert } from '../definitions.ts'
import { insertLocal, openPostgres, root, rootCaller, startTestEngine, type Work } from '../engine-setup.ts'
import { eventRow, findTorn, untilEnded, untilStatus } from '../event-rows.ts'

const never: Work = () => new Promise(() => undefined)

const cancel = (database: Database, ids: readonly number[]) => cancelRuns(database, ids, Date.now())

describe('cancelling', () => {
  test('keeps what waits from ever running', async () => {
    const database = await openPostgres()
    await insertLocal(database, 'near')
    await insert(database, 'far')
    let began = 0
    const engine = await startTestEngine(database, { local: { near: () => void began++ } })
    const { event_logs: logs } = await engine.send({ sender: 's', delay_ms: 200 })
    const ids = logs.map(log => log.id)
    expect(await cancel(database, ids)).toEqual({ cancelled: 2, stopping: 0 })
    expect(await findTorn(database)).toEqual([])
    for (const row of await untilEnded(database)) {
      expect(row).toMatchObject({
        status: 'fail',
        error_message: expect.stringMatching(/^cancelled: before/),
      })
    }
    // Past its time nothing of it is left to be run.
    await new Promise(resolve => setTimeout(resolve, 400))
    engine.wake()
    expect(began).toBe(0)
    expect(await cancel(database, ids)).toEqual({ cancelled: 0, stopping: 0 })
  })

  test.each<[string, Work]>([
    [
      'heeds its signal',
      (_kwargs, { signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason))
        }),
    ],
    ['does not', never],
  ])(
    'stops what runs, on another server too, whether it %s, and it is not tried again',
    async (_whether, run) => {
      const database = await openPostgres()
      await insertLocal(database, 'a', { retry: { limit: 5, delay_ms: 0, backoff: false } })
      const runs = await startTestEngine(database, { local: { a: run } })
      const cancels = await startTestEngine(database)
      const [log] = (await runs.send({ sender: 's' })).event_logs
      await untilStatus(database, log?.id, 'running')
      expect(await cancel(database, [log?.id ?? 0])).toEqual({ cancelled: 0, stopping: 1 })
      const [row] = await untilEnded(database)
      expect(row).toMatchObject({ status: 'fail', attempt: 1 })
      expect(row?.error_message).toMatch(/^cancelled: while/)
      expect(await findTorn(database)).toEqual([])
      expect([...runs.errors, ...cancels.errors]).toEqual([])
    },
  )

  test('what succeeds all the same leaves it a success', async () => {
    const database = await openPostgres()
    await insertLocal(database, 'a')
    const engine = await startTestEngine(database, {
      local: {
        a: (_kwargs, { signal }) =>
          new Promise(resolve => signal.addEventListener('abort', () => resolve('done by then'))),
      },
    })
    const [log] = (await engine.send({ sender: 's' })).event_logs
    await untilStatus(database, log?.id, 'running')
    await cancel(database, [log?.id ?? 0])
    expect(await untilEnded(database)).toMatchObject([{ status: 'success', result: 'done by then' }])
  })

  test('gives a remote worker that never asks some seconds, no more', async () => {
    const database = await openPostgres()
    await insert(database, 'far', { timeout_ms: 3_600_000 })
    const engine = await startTestEngine(database)
    await engine.send({ sender: 's' })
    const claiming = { fullNames: ['far'], max: 1, leaseMs: 3_600_000, waitMs: 0 }
    const [task] = await engine.tasks.claim(rootCaller, claiming)
    await cancel(database, [task?.id ?? 0])
    const query = database.kysely.selectFrom('event_log').select('lease_until')
    const { lease_until: until } = await query.executeTakeFirstOrThrow()
    expect((until?.getTime() ?? 0) - Date.now()).toBeLessThanOrEqual(5000)
    // A heartbeat does not stretch it.
    await engine.tasks.heartbeat(root, { id: task?.id ?? 0, attempt: 1 }, 3_600_000)
    expect(await query.executeTakeFirstOrThrow()).toEqual({ lease_until: until })
  })

  test('leaves alone what has ended and what clients recorded', async () => {
    const database = await openPostgres()
    await insertLocal(database, 'a')
    const engine = await startTestEngine(database, { local: { a: () => 1 } })
    const [log] = (await engine.send({ sender: 's' })).event_logs
    await untilStatus(database, log?.id, 'success')
    const recorded = await database.kysely
      .insertInto('event_log')
      .values({
        full_name: 'a',
        event_type: 'e',
        sender: 's',
        run_type: 'send',
        status: 'running',
        request_id: 'r',
        node_id: 'n',
        attempt: 1,
        created_time: new Date(),
      })
      .returning('id')
      .executeTakeFirstOrThrow()
    const ids = [log?.id ?? 0, recorded.id]
    expect(await cancel(database, ids)).toEqual({ cancelled: 0, stopping: 0 })
    expect(await eventRow(database, log?.id)).toMatchObject({ status: 'success', result: 1 })
  })
})
