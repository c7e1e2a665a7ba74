import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { createWaiter } from '../../../src/event/run/wait.ts'
import { insertLocal, openPostgres, startTestEngine, type Work } from '../engine-setup.ts'
import { eventRow, untilStatus } from '../event-rows.ts'

/** Whether the promise settles within so many milliseconds. */
const settles = (promise: Promise<unknown>, ms: number) =>
  Promise.race([promise.then(() => true), sleep(ms, false)])

const far = 60_000

describe('waiting for rows to end', () => {
  test('lasts while one of them waits or runs, whichever server runs it', async () => {
    const database = await openPostgres()
    await insertLocal(database, 'a')
    let end: () => void = () => undefined
    const a: Work = () =>
      new Promise<void>(resolve => {
        end = resolve
      })
    const runs = await startTestEngine(database, { local: { a } })
    const waits = await startTestEngine(database)
    const [log] = (await runs.send({ sender: 's' })).event_logs
    await untilStatus(database, log?.id, 'running')
    const waiting = waits.waiter.untilEnded([log?.id ?? 0], far)
    expect(await settles(waiting, 400)).toBe(false)
    end()
    expect(await settles(waiting, 10_000)).toBe(true)
    expect(await eventRow(database, log?.id)).toMatchObject({ status: 'success' })
  })

  test('goes on over an attempt that was taken away from this server', async () => {
    const database = await openPostgres()
    await insertLocal(database, 'a', { retry: { limit: 5, delay_ms: 3_600_000, backoff: false } })
    let end: () => void = () => undefined
    const a: Work = () =>
      new Promise<void>(resolve => {
        end = resolve
      })
    const engine = await startTestEngine(database, { local: { a } })
    const [log] = (await engine.send({ sender: 's' })).event_logs
    await untilStatus(database, log?.id, 'running')
    const waiting = engine.waiter.untilEnded([log?.id ?? 0], far)
    // The next attempt, which may begin at once, has an end of its own.
    const endFirst = end
    // As a rescue does it.
    await database.kysely.updateTable('event_log').set({ status: 'waiting', attempt: 2 }).execute()
    endFirst()
    expect(await settles(waiting, 500)).toBe(false)
  })

  test('ends with rows that are deleted, after its time, and when the server stops', async () => {
    const database = await openPostgres()
    await insertLocal(database, 'a')
    const engine = await startTestEngine(database)
    const [log] = (await engine.send({ sender: 's' })).event_logs
    const ids = [log?.id ?? 0]
    await engine.waiter.untilEnded(ids, 50)
    await engine.waiter.untilEnded([], far)
    const waiting = engine.waiter.untilEnded(ids, far)
    await database.kysely.deleteFrom('event_log').execute()
    expect(await settles(waiting, 10_000)).toBe(true)

    const [other] = (await engine.send({ sender: 's' })).event_logs
    const stopped = engine.waiter.untilEnded([other?.id ?? 0], far)
    engine.waiter.close()
    expect(await settles(stopped, 10_000)).toBe(true)
  })

  test('goes on when the database cannot be asked for a moment', async () => {
    const database = await openPostgres()
    await insertLocal(database, 'a')
    const engine = await startTestEngine(database)
    const [log] = (await engine.send({ sender: 's' })).event_logs
    let failing = true
    const errors: unknown[] = []
    const flaky = Object.create(database, {
      run: {
        value: (...given: Parameters<typeof database.run>) =>
          failing ? Promise.reject(new Error('away')) : database.run(...given),
      },
    })
    const waiter = createWaiter(flaky, error => errors.push(error))
    const waiting = waiter.untilEnded([log?.id ?? 0], far)
    expect(await settles(waiting, 350)).toBe(false)
    expect(errors.length).toBeGreaterThan(0)
    await database.kysely.deleteFrom('event_log').execute()
    failing = false
    expect(await settles(waiting, 10_000)).toBe(true)
    waiter.close()
  })
})
