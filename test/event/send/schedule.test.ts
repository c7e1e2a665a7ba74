import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test, vi } from 'vitest'
import type { Database } from '../../../src/database/database.ts'
import { fireScripts } from '../../../src/event/send/schedule.ts'
import { insert } from '../definitions.ts'
import { insertLocal, openPostgres, startTestEngine } from '../engine-setup.ts'
import { eventRows, findTorn, untilEnded } from '../event-rows.ts'

const hour = 60 * 60 * 1000
const yearly = { cron: '0 0 1 1 *', tz: 'UTC' }

const makeDue = ({ kysely }: Database, since: number) =>
  kysely
    .updateTable('event_handler')
    .set({ next_fire_time: new Date(since) })
    .where('full_name', '=', 'a')
    .execute()

const nextTimes = async ({ kysely }: Database) =>
  (await kysely.selectFrom('event_handler').select('next_fire_time').execute()).map(row => row.next_fire_time)

describe('a schedule', () => {
  test('fires once on all servers, however often its time was missed', async () => {
    const database = await openPostgres()
    await insertLocal(database, 'a', { schedule: { cron: '* * * * * *', tz: 'UTC' }, enabled: false })
    const runs: unknown[] = []
    const local = { a: (kwargs: unknown) => void runs.push(kwargs) }
    const one = await startTestEngine(database, { local })
    const other = await startTestEngine(database, { local })
    const since = Date.now() - 5 * hour
    const set = { enabled: true, schedule_cron: yearly.cron, next_fire_time: new Date(since) }
    await database.kysely.updateTable('event_handler').set(set).execute()
    await vi.waitUntil(() => runs.length > 0, { timeout: 10_000 })
    // Time for each server to look again.
    await sleep(1200)
    expect(runs).toEqual([{ scheduled_time: since }])
    const [row, ...others] = await untilEnded(database)
    expect(others).toEqual([])
    expect(row).toMatchObject({ status: 'success', full_name: 'a' })
    const [next] = await nextTimes(database)
    expect(next?.getTime()).toBeGreaterThan(Date.now())
    expect([...one.errors, ...other.errors]).toEqual([])
  })

  test('makes an event of its own kind, which its handler alone gets', async () => {
    const database = await openPostgres()
    await insertLocal(database, 'a', { schedule: yearly })
    await insert(database, 'other')
    const engine = await startTestEngine(database, {
      local: { a: (_kwargs, { sender, eventType }) => ({ sender, eventType }) },
    })
    await makeDue(database, Date.now() - 1)
    const [row] = await vi.waitUntil(
      async () => {
        const rows = await eventRows(database)
        return rows.some(each => each.status === 'success') && rows
      },
      { timeout: 10_000 },
    )
    expect(row).toMatchObject({ full_name: 'a', result: { sender: 'a', eventType: 'events.CronType' } })
    const query = database.kysely.selectFrom('event_log').select(['run_type', 'parent_node_id'])
    expect(await query.execute()).toEqual([{ run_type: 'cron', parent_node_id: null }])
    expect(await findTorn(database)).toEqual([])
    expect(engine.errors).toEqual([])
  })

  test('of a handler that is disabled does not fire', async () => {
    const database = await openPostgres()
    await insertLocal(database, 'a', { schedule: yearly, enabled: false })
    await makeDue(database, Date.now() - hour)
    await startTestEngine(database, { local: { a: () => 1 } })
    await sleep(1200)
    expect(await eventRows(database)).toEqual([])
  })

  test('of a script fires once on all servers', async () => {
    const database = await openPostgres()
    const since = Date.now() - 5 * hour
    await database.kysely
      .insertInto('js_worker')
      .values({
        name: 'w',
        source: '',
        schedule_cron: yearly.cron,
        schedule_tz: 'UTC',
        next_fire_time: new Date(since),
        owner: '[]',
        created_time: new Date(),
        updated_time: new Date(),
      })
      .execute()
    const engine = await startTestEngine(database)
    const fired: unknown[] = []
    const runScript = async (worker: string, time: number) => void fired.push([worker, time])
    const deps = { database, sender: engine.sender, clock: Date.now, runScript, onError: () => undefined }
    await engine.close(0)
    await database.kysely
      .updateTable('js_worker')
      .set({ next_fire_time: new Date(since) })
      .execute()
    await Promise.all([fireScripts(deps), fireScripts(deps), fireScripts(deps)])
    expect(fired).toEqual([['w', since]])
  })
})
