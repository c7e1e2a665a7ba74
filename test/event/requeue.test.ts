import { describe, expect, test } from 'vitest'
import type { Database } from '../../src/database/database.ts'
import type { Target } from '../../src/event/handler/handler.ts'
import { forsakeRuns } from '../../src/event/run/forsake.ts'
import { handlers } from './definitions.ts'
import { insertLocal, openPostgres, root, rootCaller, startTestEngine } from './engine-setup.ts'
import { eventRows, findTorn, untilEnded, untilStatus } from './event-rows.ts'

/** Changes the handler as its method does; without a target it is deleted. */
function change(database: Database, target: Target | undefined): Promise<void> {
  return database.transaction(async runner => {
    const before = await handlers.lock(runner, 'a')
    if (before === undefined) throw new Error('no handler')
    const now = Date.now()
    if (target === undefined) {
      await forsakeRuns(runner, 'a', now)
      await handlers.remove(runner, 'a')
      return
    }
    await handlers.update(runner, 'a', { target }, now)
  })
}

describe('what waits for a handler', () => {
  test('goes where its new target is run, in its own time, and back', async () => {
    const database = await openPostgres()
    await insertLocal(database, 'a', { enabled: true })
    const engine = await startTestEngine(database)
    await engine.send({ sender: 's' })
    await engine.send({ sender: 's', delay_ms: 3_600_000 })
    await change(database, { kind: 'remote' })
    expect(await findTorn(database)).toEqual([])
    const claiming = { fullNames: ['a'], max: 10, leaseMs: 30_000, waitMs: 0 }
    const tasks = await engine.tasks.claim(rootCaller, claiming)
    expect(tasks).toHaveLength(1)
    await change(database, { kind: 'local' })
    // The task is its worker's until it ends.
    expect(await engine.tasks.end(root, tasks[0] as never, { kind: 'success', result: 1 })).toBe('success')
    expect(await findTorn(database)).toEqual([])
  })

  test('and runs when its target changes is tried again where that is run', async () => {
    const database = await openPostgres()
    await insertLocal(database, 'a', { retry: { limit: 3, delay_ms: 0, backoff: false } })
    let fail: (error: Error) => void = () => undefined
    const engine = await startTestEngine(database, {
      local: {
        a: () =>
          new Promise((_, reject) => {
            fail = reject
          }),
      },
    })
    const [log] = (await engine.send({ sender: 's' })).event_logs
    await untilStatus(database, log?.id, 'running')
    await change(database, { kind: 'remote' })
    fail(new Error('broken'))
    await untilStatus(database, log?.id, 'waiting')
    expect(await findTorn(database)).toEqual([])
    const claiming = { fullNames: ['a'], max: 10, leaseMs: 30_000, waitMs: 5000 }
    expect(await engine.tasks.claim(rootCaller, claiming)).toMatchObject([{ id: log?.id, attempt: 2 }])
  })

  test('fails when that is deleted, and what runs may end', async () => {
    const database = await openPostgres()
    await insertLocal(database, 'a', { concurrency: 1 })
    let end: (value: string) => void = () => undefined
    const engine = await startTestEngine(database, {
      local: {
        a: () =>
          new Promise(resolve => {
            end = resolve
          }),
      },
    })
    const [runs] = (await engine.send({ sender: 's' })).event_logs
    await untilStatus(database, runs?.id, 'running')
    await engine.send({ sender: 's' })
    await change(database, undefined)
    expect(await eventRows(database)).toMatchObject([
      { status: 'running' },
      { status: 'fail', error_message: expect.stringMatching(/^handler_gone: /) },
    ])
    end('done')
    expect((await untilEnded(database))[0]).toMatchObject({ status: 'success', result: 'done' })
    expect(await findTorn(database)).toEqual([])
    expect(engine.errors).toEqual([])
  })
})
