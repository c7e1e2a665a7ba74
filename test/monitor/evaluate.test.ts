import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Database } from '../../src/database/database.ts'
import { claimDue } from '../../src/monitor/claim.ts'
import { evaluate } from '../../src/monitor/evaluate.ts'
import { describeEngines } from '../support/databases.ts'
import { failing, type MonitorParts, openMonitorParts, watcher } from './monitor-parts.ts'

const claiming = { busy: new Map(), mostOfToken: 100, most: 1000, leaseMs: 60_000 }

describeEngines('evaluating monitors', open => {
  let database: Database
  let parts: MonitorParts
  beforeAll(async () => {
    database = await open()
    parts = await openMonitorParts(database)
  })
  afterAll(() => parts.tokens.authenticator.close())
  beforeEach(async () => {
    for (const table of ['monitor', 'js_result', 'event_log'] as const) {
      await database.kysely.deleteFrom(table).execute()
    }
    parts.failures.length = 0
    parts.errors.length = 0
  })

  const create = (more: object = {}, bearer?: string) =>
    parts.call('monitor_create', { ...failing, ...more }, bearer)
  const editLimits = async (key: string, limit: unknown) => {
    await parts.tokens.call('token_edit', { token: parts.tokens.root, target_token: key, limit })
  }

  test('tells of a beginning and of an end, each with one event that its handlers get', async () => {
    await create()
    await parts.fail(2)
    await parts.evaluateAll()
    expect(await parts.statusOf('failing')).toMatchObject({ state: 'ok', count: 2, last_error: null })
    await parts.fail(1)
    for (let i = 0; i < 3; i++) await parts.evaluateAll()
    const firing = await parts.statusOf('failing')
    expect(firing).toMatchObject({ state: 'firing', count: 3 })
    await parts.forgetRuns()
    for (let i = 0; i < 3; i++) await parts.evaluateAll()

    const told = await parts.told()
    const { window_ms, resource, query, when, name } = failing
    const what = { name, window_ms, resource, query, when, for_ms: 0 }
    expect(told.map(each => each.param)).toEqual([
      { page: 'me', monitor: { ...what, state: 'firing', count: 3, since: firing.since } },
      { page: 'me', monitor: { ...what, state: 'ok', count: 0, since: expect.any(Number) } },
    ])
    const { transitions, ...rest } = await parts.statusOf('failing')
    expect(rest).toMatchObject({ state: 'ok', count: 0 })
    expect(transitions).toEqual([
      { time: rest.since, state: 'ok', count: 0, request_id: told[1]?.request_id },
      { time: firing.since, state: 'firing', count: 3, request_id: told[0]?.request_id },
      { time: expect.any(Number), state: 'ok', count: 2, request_id: null },
    ])
    expect([...parts.failures, ...parts.errors]).toEqual([])
  })

  test('counts what lies in the window and fulfils the conditions', async () => {
    await create({ query: { condition: [{ js_worker_name: 'a' }, 'is_failure'] } })
    await parts.fail(2, { worker: 'a', agoMs: 50_000 })
    await parts.fail(5, { worker: 'a', agoMs: 61_000 })
    await parts.fail(7, { worker: 'b' })
    // What is yet to come counts once its time is there.
    await parts.fail(9, { worker: 'a', agoMs: -3_600_000 })
    await parts.evaluateAll()
    expect(await parts.statusOf('failing')).toMatchObject({ state: 'ok', count: 2 })
  })

  test('counts back from each evaluation what the conditions count back', async () => {
    await create({ query: { condition: [{ start_time_since: '10s' }] }, every_ms: 60_000 })
    await parts.fail(2, { agoMs: 1000 })
    await parts.fail(3, { agoMs: 20_000 })
    await parts.evaluateAll()
    expect(await parts.statusOf('failing')).toMatchObject({ state: 'ok', count: 2 })
    const [claimed] = await database.kysely
      .updateTable('monitor')
      .set({ next_time: null })
      .execute()
      .then(() => claimDue(database, claiming))
    if (claimed === undefined) throw new Error('nothing is due')
    // As if it were fifteen seconds later.
    await evaluate(parts.deps, { ...claimed, now: claimed.now + 15_000 })
    expect(await parts.statusOf('failing')).toMatchObject({ state: 'ok', count: 0 })
  })

  test('counts only what the maker may read', async () => {
    const { credential } = await parts.tokens.create(watcher('mine_*'))
    await create({}, credential)
    await parts.fail(2, { worker: 'mine_1' })
    await parts.fail(50, { worker: 'other' })
    await parts.evaluateAll()
    expect(await parts.statusOf('failing', credential)).toMatchObject({ state: 'ok', count: 2 })
    await parts.fail(1, { worker: 'mine_2' })
    await parts.evaluateAll()
    expect(await parts.statusOf('failing', credential)).toMatchObject({ state: 'firing', count: 3 })
  })

  test('goes by what the maker may do now', async () => {
    const { key, credential } = await parts.tokens.create(watcher('*'))
    await create({ query: { condition: [{ js_worker_name: 'w' }] } }, credential)
    await parts.fail(3)
    await parts.evaluateAll()
    expect(await parts.statusOf('failing', credential)).toMatchObject({ state: 'firing', count: 3 })

    for (const lost of [watcher('other'), watcher('*').slice(1), watcher('*').slice(0, 1)]) {
      await editLimits(key, lost)
      await parts.evaluateAll()
      const { last_error, ...status } = await parts.statusOf('failing', credential)
      expect(status).toMatchObject({ state: 'unknown', count: null })
      expect(last_error).toMatch(/^permission_denied: /)
    }
    expect(parts.failures).toEqual(['permission_denied', 'permission_denied', 'permission_denied'])

    // It was firing all the time: nobody is told twice.
    await editLimits(key, watcher('*'))
    await parts.evaluateAll()
    expect(await parts.statusOf('failing', credential)).toMatchObject({ state: 'firing', last_error: null })
    expect((await parts.told()).map(each => each.param.monitor.state)).toEqual(['firing'])
    await parts.forgetRuns()
    await parts.evaluateAll()
    expect((await parts.told()).map(each => each.param.monitor.state)).toEqual(['firing', 'ok'])
    expect(parts.errors).toEqual([])
  })

  test('tells nothing in the name of a maker who lost the right while it counted', async () => {
    const { key, credential } = await parts.tokens.create(watcher('*'))
    await create({}, credential)
    await parts.fail(3)
    const { deps } = parts
    const [claimed] = await claimDue(database, claiming)
    if (claimed === undefined) throw new Error('nothing is due')
    let looks = 0
    const recall: typeof deps.recall = async origins => {
      // After the first look, and so while it counts.
      if (looks++ === 1) await editLimits(key, watcher('other').slice(0, 1))
      return deps.recall(origins)
    }
    await evaluate({ ...deps, recall }, claimed)
    expect(await parts.statusOf('failing', credential)).toMatchObject({ state: 'unknown', count: null })
    expect(await parts.told()).toEqual([])
  })

  test('ends with the token of its maker', async () => {
    const { key, credential } = await parts.tokens.create(watcher('*'))
    await create({}, credential)
    await parts.fail(3)
    await parts.evaluateAll()
    await parts.tokens.call('token_delete', { token: parts.tokens.root, target_token: key })
    expect(await parts.evaluateAll()).toBe(0)
    for (const table of ['monitor', 'monitor_transition'] as const) {
      expect(await database.kysely.selectFrom(table).selectAll().execute()).toEqual([])
    }
  })

  test('evaluates once for all the times that were missed, and keeps to its times', async () => {
    await create({ every_ms: 10_000 })
    await parts.evaluateDue()
    const missed = new Date(Date.now() - 3_605_000)
    await database.kysely.updateTable('monitor').set({ next_time: missed }).execute()
    expect(await parts.evaluateDue()).toBe(1)
    expect(await parts.evaluateDue()).toBe(0)
    const { next_time } = await parts.statusOf('failing')
    const waitMs = Number(next_time) - Date.now()
    expect(waitMs).toBeGreaterThan(0)
    expect(waitMs).toBeLessThanOrEqual(10_000)
    expect((Number(next_time) - missed.getTime()) % 10_000).toBe(0)
  })

  test('gives a monitor to one server, and to another one when that falls silent', async () => {
    await create()
    const first = await claimDue(database, claiming)
    expect(first).toHaveLength(1)
    expect(await claimDue(database, claiming)).toEqual([])
    await database.kysely
      .updateTable('monitor')
      .set({ claimed_until: new Date(0) })
      .execute()
    const [second] = await claimDue(database, claiming)
    await parts.fail(3)
    if (first[0] === undefined || second === undefined) throw new Error('nothing was due')
    await evaluate(parts.deps, second)
    await evaluate(parts.deps, first[0])
    expect(await parts.told()).toHaveLength(1)
    expect((await parts.statusOf('failing')).transitions).toHaveLength(1)
  })

  test('takes no more of one token than its share, those first that have waited longest', async () => {
    const { credential } = await parts.tokens.create(watcher('*'))
    for (let i = 0; i < 6; i++) await create({ name: `root ${i}` })
    await create({ name: 'other' }, credential)
    await database.kysely
      .updateTable('monitor')
      .set({ next_time: new Date(0) })
      .execute()
    await database.kysely
      .updateTable('monitor')
      .set({ next_time: new Date(1) })
      .where('name', '=', 'root 0')
      .execute()
    const busy = new Map([[parts.tokens.root.split(':')[0] ?? '', 1]])
    const taken = await claimDue(database, { ...claiming, busy, mostOfToken: 4, most: 10 })
    expect(taken.map(each => each.monitor.name).sort()).toEqual(['other', 'root 1', 'root 2', 'root 3'])
  })

  test('that fails says why, and is tried again later each time', async () => {
    await create()
    await database.kysely
      .updateTable('monitor')
      .set({ condition: JSON.stringify([{ nothing_like_it: 1 }]) })
      .execute()
    const waits: number[] = []
    for (let i = 0; i < 3; i++) {
      await parts.evaluateAll()
      const { next_time, last_error, state } = await parts.statusOf('failing')
      expect({ state, reason: last_error?.split(':')[0] }).toEqual({
        state: 'unknown',
        reason: 'unknown_condition',
      })
      waits.push(Math.round((Number(next_time) - Date.now()) / 1000))
    }
    expect(waits).toEqual([1, 2, 4])
    expect(parts.failures).toHaveLength(3)
    expect((await parts.statusOf('failing')).transitions).toEqual([])
  })

  test('keeps a hundred transitions of each monitor and shows twenty', async () => {
    await create()
    await create({ name: 'quiet' })
    await parts.evaluateAll()
    for (let i = 0; i < 61; i++) {
      await parts.fail(3)
      await parts.evaluateAll()
      await parts.forgetRuns()
      await parts.evaluateAll()
    }
    const { transitions } = await parts.statusOf('failing')
    expect(transitions.map(each => each.state)).toEqual(Array(10).fill(['ok', 'firing']).flat())
    const { kysely } = database
    const rows = await kysely.selectFrom('monitor_transition').select('monitor_id').execute()
    const counts = [...Map.groupBy(rows, row => row.monitor_id).values()].map(each => each.length)
    expect(counts.sort((a, b) => a - b)).toEqual([100, 100])
  })

  test('that was changed meanwhile writes nothing', async () => {
    await create()
    await parts.fail(3)
    const [claimed] = await claimDue(database, claiming)
    if (claimed === undefined) throw new Error('nothing is due')
    await parts.call('monitor_update', { name: 'failing', when: { at_least: 9 } })
    await evaluate(parts.deps, claimed)
    expect(await parts.statusOf('failing')).toMatchObject({ state: 'unknown', count: null })
    await parts.evaluateDue()
    expect(await parts.statusOf('failing')).toMatchObject({ state: 'ok', count: 3 })
    expect(await parts.told()).toEqual([])
  })
})
