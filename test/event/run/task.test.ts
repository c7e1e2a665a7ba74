import { setTimeout as sleep } from 'node:timers/promises'
import { beforeEach, describe, expect, test } from 'vitest'
import type { Database } from '../../../src/database/database.ts'
import type { ClaimOptions } from '../../../src/event/run/claim.ts'
import { type Identity, permissionDenied } from '../../../src/permission/grant.ts'
import { compileLimits } from '../../../src/permission/limit.ts'
import { followUnwatched } from '../../../src/permission/live-caller.ts'
import { fault } from '../../token/tokens.ts'
import { insert } from '../definitions.ts'
import {
  callerOf,
  insertLocal,
  openPostgres,
  root,
  rootCaller,
  startTestEngine,
  type TestEngine,
} from '../engine-setup.ts'
import { eventRow, eventRows, findTorn, untilStatus } from '../event-rows.ts'

const lost = fault(109, 'lease_lost')
const again = { limit: 5, delay_ms: 0, backoff: false }

describe('tasks of remote handlers', () => {
  let database: Database
  let engine: TestEngine

  beforeEach(async () => {
    database = await openPostgres()
    engine = await startTestEngine(database, { leaseMs: 600 })
  })

  const claim = (more: Partial<ClaimOptions> = {}, identity: Identity = root) =>
    engine.tasks.claim(callerOf(identity), {
      fullNames: ['far'],
      max: 10,
      leaseMs: 30_000,
      waitMs: 0,
      ...more,
    })

  async function claimOne(more: Partial<ClaimOptions> = {}) {
    await engine.send({ sender: 's', kwargs: { n: 1 } })
    const [task] = await claim(more)
    if (task === undefined) throw new Error('nothing was claimed')
    return task
  }

  test('are claimed once, and run until they are completed', async () => {
    await insert(database, 'far')
    await engine.send({ sender: 's', kwargs: { n: 1 } })
    const both = await Promise.all([claim(), claim()])
    const [task] = both.flat()
    expect(both.flat()).toHaveLength(1)
    expect(task).toMatchObject({ attempt: 1, kwargs: { n: 1 }, sender: 's' })
    expect(await eventRow(database, task?.id)).toMatchObject({ status: 'running', owner: null })
    const ref = { id: task?.id ?? 0, attempt: 1 }
    expect(await engine.tasks.end(root, ref, { kind: 'success', result: { done: true } })).toBe('success')
    expect(await eventRow(database, task?.id)).toMatchObject({ status: 'success', result: { done: true } })
    expect(await findTorn(database)).toEqual([])
  })

  test('that fail are tried again, unless their worker says that it would not help', async () => {
    await insert(database, 'far', { retry: again })
    const task = await claimOne()
    const failed = { kind: 'failed', message: 'broken', retry: true } as const
    expect(await engine.tasks.end(root, task, failed)).toBe('waiting')
    const [second] = await claim()
    expect(second).toMatchObject({ id: task.id, attempt: 2 })
    expect(await engine.tasks.end(root, { id: task.id, attempt: 2 }, { ...failed, retry: false })).toBe(
      'fail',
    )
    expect(await eventRow(database, task.id)).toMatchObject({ status: 'fail', error_message: 'broken' })
  })

  test('of a lost lease are given to the next, and the first changes nothing any more', async () => {
    await insert(database, 'far', { retry: again })
    const task = await claimOne({ leaseMs: 1 })
    await untilStatus(database, task.id, 'waiting')
    const [second] = await claim()
    expect(second).toMatchObject({ id: task.id, attempt: 2 })
    const before = await eventRow(database, task.id)
    await expect(engine.tasks.heartbeat(root, task, 1000)).rejects.toMatchObject(lost)
    const late = engine.tasks.end(root, task, { kind: 'success', result: 'late' })
    await expect(late).rejects.toMatchObject(lost)
    const failing = engine.tasks.end(root, task, { kind: 'failed', message: 'late', retry: true })
    await expect(failing).rejects.toMatchObject(lost)
    expect(await eventRow(database, task.id)).toEqual(before)
    expect(await engine.tasks.end(root, { id: task.id, attempt: 2 }, { kind: 'success', result: 1 })).toBe(
      'success',
    )
    expect(await findTorn(database)).toEqual([])
  })

  test('that have ended are not ended again', async () => {
    await insert(database, 'far')
    const task = await claimOne()
    const success = { kind: 'success', result: 1 } as const
    const both = await Promise.allSettled([1, 2].map(() => engine.tasks.end(root, task, success)))
    expect(both.map(each => each.status).sort()).toEqual(['fulfilled', 'rejected'])
    await expect(engine.tasks.end(root, task, success)).rejects.toMatchObject(lost)
  })

  test('are kept by a heartbeat, but not beyond the time-out of their handler', async () => {
    await insert(database, 'far', { timeout_ms: 60_000, retry: again })
    const task = await claimOne({ leaseMs: 20_000 })
    const query = database.kysely.selectFrom('event_log').select(['start_time', 'lease_until'])
    const { start_time: began, lease_until: until } = await query.executeTakeFirstOrThrow()
    const kept = await engine.tasks.heartbeat(root, task, 40_000)
    expect(kept.cancelled).toBe(false)
    expect(kept.until).toBeGreaterThan((until?.getTime() ?? 0) + 10_000)
    const longest = await engine.tasks.heartbeat(root, task, 3_600_000)
    expect(longest.until).toBe((began?.getTime() ?? 0) + 60_000)
    await database.kysely
      .updateTable('event_log')
      .set({ lease_until: new Date(0) })
      .execute()
    await expect(engine.tasks.heartbeat(root, task, 1000)).rejects.toMatchObject(lost)
    expect(await untilStatus(database, task.id, 'waiting')).toMatchObject({ attempt: 2 })
  })

  test('are claimed within the limit of their handler', async () => {
    await insert(database, 'far', { concurrency: 2 })
    for (let i = 0; i < 5; i++) await engine.send({ sender: 's' })
    const claimed = (await Promise.all([1, 2, 3, 4].map(() => claim({ max: 1 })))).flat()
    expect(claimed).toHaveLength(2)
    await engine.tasks.end(root, claimed[0] as { id: number; attempt: number }, {
      kind: 'success',
      result: 1,
    })
    expect(await claim()).toHaveLength(1)
  })

  test('that come while a claim waits are given to it', async () => {
    await insert(database, 'far')
    const other = await startTestEngine(database)
    const waiting = claim({ waitMs: 20_000 })
    await sleep(100)
    const { event_logs: logs } = await other.send({ sender: 's' })
    expect((await waiting).map(task => task.id)).toEqual(logs.map(log => log.id))
  })

  test('that do not come leave a claim empty when its time is up, and when its server stops', async () => {
    await insert(database, 'far')
    expect(await claim({ waitMs: 50 })).toEqual([])
    const waiting = claim({ waitMs: 60_000 })
    await sleep(50)
    await engine.close(0)
    expect(await waiting).toEqual([])
  })

  test('that may not be taken yet do not make a claim ask without a pause', async () => {
    await insert(database, 'far', { concurrency: 1 })
    const first = await claimOne()
    await engine.send({ sender: 's' })
    let transactions = 0
    const counted: Database = Object.create(database, {
      transaction: {
        value: (work: Parameters<Database['transaction']>[0]) => {
          transactions++
          return database.transaction(work)
        },
      },
    })
    const other = await startTestEngine(counted)
    const claiming = { fullNames: ['far'], max: 1, leaseMs: 30_000 }
    expect(await other.tasks.claim(rootCaller, { ...claiming, waitMs: 700 })).toEqual([])
    expect(transactions).toBeLessThan(30)
    await engine.tasks.end(root, first, { kind: 'success', result: 1 })
    expect(await other.tasks.claim(rootCaller, { ...claiming, waitMs: 10_000 })).toHaveLength(1)
  })

  test('are not taken for a client that has hung up', async () => {
    await insert(database, 'far')
    const gone = new AbortController()
    const waiting = claim({ waitMs: 20_000, hungUp: gone.signal })
    gone.abort()
    const { event_logs: logs } = await engine.send({ sender: 's' })
    expect(await waiting).toEqual([])
    // Also what was taken when it hung up is free at once.
    expect(await claim({ hungUp: gone.signal })).toEqual([])
    const [task] = await claim()
    expect(task?.id).toBe(logs[0]?.id)
    expect(await findTorn(database)).toEqual([])
  })

  test('that are too large for one answer come one by one, and none is held by nobody', async () => {
    await insert(database, 'far')
    const kwargs = 'x'.repeat(3 * 1024 * 1024)
    for (let i = 0; i < 3; i++) await engine.send({ sender: 's', kwargs })
    expect(await claim()).toHaveLength(1)
    const rows = await eventRows(database)
    expect(rows.map(row => row.status).sort()).toEqual(['running', 'waiting', 'waiting'])
    expect(await findTorn(database)).toEqual([])
  })

  test('are not given to a token that was revoked while its claim waited', async () => {
    await insert(database, 'far')
    let isRevoked = false
    const brief = followUnwatched(async () => {
      if (isRevoked) throw permissionDenied()
      return root
    })
    const waiting = engine.tasks.claim(brief, { fullNames: ['far'], max: 1, leaseMs: 1000, waitMs: 20_000 })
    isRevoked = true
    const refused = expect(waiting).rejects.toMatchObject({ code: 102 })
    await engine.send({ sender: 's' })
    await refused
    expect((await eventRows(database)).map(row => row.status)).toEqual(['waiting'])
  })

  test('tell their worker that they were cancelled, and end as cancelled', async () => {
    await insert(database, 'far', { retry: again })
    const task = await claimOne()
    const cancel = database.kysely.updateTable('event_log').set({ cancel_requested: true })
    await cancel.execute()
    expect((await engine.tasks.heartbeat(root, task, 1000)).cancelled).toBe(true)
    const failed = { kind: 'failed', message: 'stopped', retry: true } as const
    expect(await engine.tasks.end(root, task, failed)).toBe('fail')
    const row = await eventRow(database, task.id)
    expect(row.error_message).toMatch(/^cancelled: /)
  })

  test.each([
    ['no such handler', 'unknown', fault(105, 'handler_not_found', 'full_names')],
    ['a handler that servers run', 'near', fault(108, 'handler_not_remote', 'full_names')],
  ])('are not claimed of %s', async (_what, name, error) => {
    await insertLocal(database, 'near')
    await expect(claim({ fullNames: [name] })).rejects.toMatchObject(error)
  })

  test('wait while their handler is disabled', async () => {
    await insert(database, 'far')
    await engine.send({ sender: 's' })
    const set = (enabled: boolean) => database.kysely.updateTable('event_handler').set({ enabled }).execute()
    await set(false)
    expect(await claim()).toEqual([])
    await set(true)
    expect(await claim()).toHaveLength(1)
  })

  test('of others look as if they were gone to whoever may not claim them', async () => {
    await insert(database, 'far')
    const task = await claimOne()
    const limits = compileLimits([
      { scopes: [{ event: 'other*' as const }], permissions: [{ event_handler: { claim: '*' } }] },
    ])
    const stranger: Identity = { tokenKey: 'stranger', isSuper: false, limits: [limits] }
    await expect(claim({}, stranger)).rejects.toMatchObject({ code: 102 })
    await expect(engine.tasks.heartbeat(stranger, task, 1000)).rejects.toMatchObject(lost)
    const ending = engine.tasks.end(stranger, task, { kind: 'success', result: 1 })
    await expect(ending).rejects.toMatchObject(lost)
    expect(await eventRow(database, task.id)).toMatchObject({ status: 'running' })
  })

  test('that a client deletes are gone for their worker, and hold no place', async () => {
    await insert(database, 'far', { concurrency: 1 })
    const task = await claimOne()
    await database.kysely.deleteFrom('event_log').execute()
    await expect(engine.tasks.end(root, task, { kind: 'success', result: 1 })).rejects.toMatchObject(lost)
    expect(await eventRows(database)).toEqual([])
  })
})
