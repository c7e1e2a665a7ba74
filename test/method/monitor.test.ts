import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Database } from '../../src/database/database.ts'
import { rawStatement } from '../../src/database/statement.ts'
import { failing, type MonitorParts, openMonitorParts, watcher } from '../monitor/monitor-parts.ts'
import { describeEngines } from '../support/databases.ts'
import { fault } from '../token/tokens.ts'

const copied =
  'owner, token_key, makers, resource, condition, window_ms, every_ms, threshold, for_ms, event, enabled, created_time, updated_time'
const copies = rawStatement(
  `insert into monitor (name, ${copied})
   select $1::text || n, ${copied} from monitor, generate_series(1, $2::int) as n where name = 'failing'`,
)

describeEngines('the methods of monitors', open => {
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
  })

  const create = (more: object = {}, bearer?: string) =>
    parts.call('monitor_create', { ...failing, ...more }, bearer)
  const namesOf = async (method: string, params: object, bearer?: string) =>
    (await parts.call<{ monitors: { name: string }[] }>(method, params, bearer)).monitors.map(
      each => each.name,
    )
  const denied = fault(102, 'permission_denied')

  test('a token may watch what it may read and send what it may send', async () => {
    const { credential } = await parts.tokens.create(watcher('mine_*'))
    const named = (js_worker_name: string) => ({ query: { condition: [{ js_worker_name }] } })
    await create(named('mine_1'), credential)
    await expect(create({ ...named('other'), name: 'b' }, credential)).rejects.toMatchObject(denied)
    const other = { name: 'c', event: { sender: 'other' } }
    await expect(create(other, credential)).rejects.toMatchObject(denied)
    await expect(create({ name: 'd', resource: 'event-log' }, credential)).rejects.toMatchObject(denied)
    const update = (change: object) =>
      parts.call('monitor_update', { name: 'failing', ...change }, credential)
    await expect(update(named('other'))).rejects.toMatchObject(denied)
    await expect(update({ event: { sender: 'other' } })).rejects.toMatchObject(denied)
    expect(await update({ event: { event_type: 'x' } })).toMatchObject({
      event: { ...failing.event, event_type: 'x' },
    })
  })

  test('a JWT with limits of its own has monitors of its own, which count what it may read', async () => {
    const { credential } = await parts.tokens.create(watcher('*'))
    await create({ name: 'whole' }, credential)
    const narrowed = { ttl_ms: 60_000, token_limit: watcher('w_*') }
    const { jwt } = (await parts.tokens.call('token_issue', narrowed, credential)) as { jwt: string }
    await create({}, jwt)
    await parts.fail(2, { worker: 'w_1' })
    await parts.fail(40, { worker: 'other' })
    await parts.evaluateAll()
    expect(await parts.statusOf('failing', jwt)).toMatchObject({ state: 'ok', count: 2 })
    expect(await namesOf('monitor_status', {}, jwt)).toEqual(['failing'])
    expect(await namesOf('monitor_status', {}, credential)).toEqual(['whole'])
    // Its monitors are counted with those of its token: issuing JWTs makes no more room.
    expect(await database.kysely.selectFrom('monitor').select('token_key').distinct().execute()).toHaveLength(
      1,
    )
  })

  test('status tells each its own, and the super token all, or those of one owner', async () => {
    const [ann, bob] = [await parts.tokens.create(watcher('*')), await parts.tokens.create(watcher('*'))]
    await create({ name: 'a' }, ann.credential)
    await create({ name: 'b' }, bob.credential)
    await create({ name: 'a' })
    expect(await namesOf('monitor_status', {}, ann.credential)).toEqual(['a'])
    expect((await namesOf('monitor_status', {})).sort()).toEqual(['a', 'a', 'b'])
    expect(await namesOf('monitor_status', { owner: bob.key })).toEqual(['b'])
    expect(await namesOf('monitor_status', { owner: bob.key, name: 'b' })).toEqual(['b'])
    await expect(namesOf('monitor_status', { name: 'b' })).rejects.toMatchObject(
      fault(105, 'monitor_not_found'),
    )
    await expect(namesOf('monitor_status', { owner: bob.key }, ann.credential)).rejects.toMatchObject(denied)
    await expect(namesOf('monitor_status', { name: 'b' }, ann.credential)).rejects.toMatchObject(
      fault(105, 'monitor_not_found'),
    )
  })

  test('what the super token changes of another is still bound by what its maker may', async () => {
    const { key, credential } = await parts.tokens.create(watcher('mine'))
    await create({}, credential)
    await parts.fail(9, { worker: 'other' })
    const change = { name: 'failing', owner: key, query: { condition: [{ js_worker_name: 'other' }] } }
    await parts.call('monitor_update', change)
    await parts.evaluateAll()
    expect(await parts.statusOf('failing', credential)).toMatchObject({ state: 'unknown', count: null })
  })

  test('a change of what is counted begins anew, one of its event alone does not', async () => {
    await create()
    await parts.fail(3)
    await parts.evaluateAll()
    const update = (change: object) => parts.call('monitor_update', { name: 'failing', ...change })
    await update({ event: { kwargs: { page: 'you' } } })
    expect(await parts.statusOf('failing')).toMatchObject({ state: 'firing', count: 3, next_time: null })
    await update({ window_ms: 120_000 })
    const begun = await parts.statusOf('failing')
    expect(begun).toMatchObject({ state: 'unknown', count: null, next_time: null })
    expect(begun.transitions.map(each => each.state)).toEqual(['unknown', 'firing'])
    // The same again changes nothing.
    await parts.evaluateDue()
    await update({ window_ms: 120_000, event: {} })
    expect(await parts.statusOf('failing')).toMatchObject({ state: 'firing', next_time: expect.any(Number) })
    expect(await parts.told()).toHaveLength(1)
  })

  test('one that is disabled is not evaluated, and tells its end once it is enabled again', async () => {
    await create()
    await parts.fail(3)
    await parts.evaluateAll()
    await parts.call('monitor_update', { name: 'failing', enabled: false })
    await parts.forgetRuns()
    expect(await parts.evaluateAll()).toBe(0)
    expect(await parts.statusOf('failing')).toMatchObject({ state: 'unknown', count: null, next_time: null })
    await parts.call('monitor_update', { name: 'failing', enabled: true })
    expect(await parts.evaluateDue()).toBe(1)
    expect((await parts.told()).map(each => each.param.monitor.state)).toEqual(['firing', 'ok'])
  })

  test('numbers of any length come back as they were given', async () => {
    const long = JSON.rawJSON('12345678901234567890.5')
    const query = { condition: [{ param_contains: { n: long } }] }
    const event = { ...failing.event, kwargs: { n: long } }
    const created = await create({ query, event })
    expect(JSON.stringify([created.query, created.event])).toContain('"n":12345678901234567890.5')
  })

  test('a token may have a hundred, and all together a thousand', async () => {
    const { key, credential } = await parts.tokens.create(watcher('*'))
    await create({}, credential)
    const copy = (count: number, as: string) => database.run(copies, [as, count])
    await copy(98, 'x')
    await create({ name: 'the hundredth' }, credential)
    const full = fault(110, 'too_many_monitors')
    await expect(create({ name: 'one more' }, credential)).rejects.toMatchObject(full)
    await create({ name: 'of another' })
    await copy(898, 'y')
    await create({ name: 'the thousandth' })
    await expect(create({ name: 'one more' })).rejects.toMatchObject(full)
    await parts.call('monitor_delete', { name: 'the thousandth' })
    await Promise.allSettled(['p', 'q', 'r'].map(name => create({ name })))
    const rows = await database.kysely.selectFrom('monitor').select('token_key').execute()
    expect([rows.length, key.length]).toEqual([1000, 16])
  })
})
