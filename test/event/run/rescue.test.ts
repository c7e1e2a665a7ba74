import { sql } from 'kysely'
import { beforeEach, describe, expect, test } from 'vitest'
import { systemClock } from '../../../src/async/clock.ts'
import type { Database } from '../../../src/database/database.ts'
import { forsakeOrphans } from '../../../src/event/run/forsake.ts'
import type { Run } from '../../../src/event/run/run.ts'
import { insert } from '../definitions.ts'
import { insertLocal, openPostgres } from '../engine-setup.ts'
import { beginServer, type EventParts, loseServer, openParts } from '../event-parts.ts'
import { eventRow, eventRows, findTorn } from '../event-rows.ts'

describe('rescuing', () => {
  let database: Database
  let parts: EventParts

  beforeEach(async () => {
    database = await openPostgres()
    parts = await openParts(database)
  })

  async function running(retryLimit: number, name = 'a', server = 'server'): Promise<Run> {
    await insertLocal(database, name, { retry: { limit: retryLimit, delay_ms: 0, backoff: false } })
    await beginServer(database, server)
    await parts.send([{ sender: 's' }])
    const [run] = await parts.take(server)
    if (run === undefined) throw new Error('nothing was taken')
    return run
  }

  const orphans = () => forsakeOrphans(database, systemClock())

  test('tries again what a server ran whose lease has ended', async () => {
    const run = await running(1)
    await loseServer(database, 'server')
    expect(await parts.rescue()).toBe(1)
    const row = await eventRow(database, run.id)
    expect(row).toMatchObject({ status: 'waiting', attempt: 2, failures: 1, owner: null })
    expect(row.error_message).toMatch(/^server_lost: /)
    expect(await findTorn(database)).toEqual([])
    expect(await parts.rescue()).toBe(0)
  })

  test('fails it when its handler allows no further try', async () => {
    const run = await running(0)
    await loseServer(database, 'server')
    await parts.rescue()
    expect(await eventRow(database, run.id)).toMatchObject({ status: 'fail', attempt: 1 })
    expect(await findTorn(database)).toEqual([])
  })

  test('leaves alone what a server runs that is alive', async () => {
    const run = await running(1)
    expect(await parts.rescue()).toBe(0)
    expect(await eventRow(database, run.id)).toMatchObject({ status: 'running', attempt: 1 })
  })

  test('takes a server that gave its lease up for one that is gone', async () => {
    await running(1)
    await database.kysely.deleteFrom('server_lease').execute()
    expect(await parts.rescue()).toBe(1)
  })

  test('leaves alone what clients recorded', async () => {
    const row = {
      full_name: 'a',
      event_type: 'e',
      sender: 's',
      run_type: 'send',
      request_id: 'r',
      node_id: 'n',
      attempt: 1,
      created_time: new Date(),
    }
    await database.kysely
      .insertInto('event_log')
      .values([
        { ...row, status: 'running' },
        { ...row, status: 'waiting' },
      ])
      .execute()
    expect(await parts.rescue()).toBe(0)
    expect(await orphans()).toBe(0)
    const left = await database.kysely.selectFrom('event_log').select('status').orderBy('id').execute()
    expect(left).toEqual([{ status: 'running' }, { status: 'waiting' }])
  })

  test('of very many takes all', async () => {
    await insertLocal(database, 'a', { retry: { limit: 1, delay_ms: 0, backoff: false } })
    await beginServer(database, 'server')
    for (let i = 0; i < 6; i++) await parts.send(Array.from({ length: 100 }, () => ({ sender: 's' })))
    for (let i = 0; i < 6; i++) await parts.take('server')
    await loseServer(database, 'server')
    const both = await Promise.all([parts.rescue(), parts.rescue()])
    expect(both.reduce((sum, each) => sum + each)).toBe(600)
    const rows = await eventRows(database)
    expect(rows.filter(row => row.status === 'waiting' && row.attempt === 2)).toHaveLength(600)
    expect(await findTorn(database)).toEqual([])
  })

  test('fails what ran for a handler that is gone', async () => {
    const run = await running(3)
    await database.kysely.deleteFrom('event_handler').execute()
    await loseServer(database, 'server')
    await parts.rescue()
    const row = await eventRow(database, run.id)
    expect(row.status).toBe('fail')
    expect(row.error_message).toMatch(/^handler_gone: /)
    expect(await findTorn(database)).toEqual([])
  })

  test('takes a task from a remote worker whose lease has ended, and gives it to the next', async () => {
    const { id } = await insert(database, 'far', { retry: { limit: 1, delay_ms: 0, backoff: false } })
    await parts.send([{ sender: 's' }])
    const [task] = await parts.claim(id, 1)
    await sql`select pg_sleep(0.01)`.execute(database.kysely)
    expect(await parts.rescue()).toBe(1)
    expect((await eventRow(database, task?.id)).error_message).toMatch(/^lease_expired: /)
    expect(await parts.claim(id)).toMatchObject([{ id: task?.id, attempt: 2 }])
    expect(await findTorn(database)).toEqual([])
  })

  test('ends the scripts of a server that is gone, and no others', async () => {
    await beginServer(database, 'alive')
    const row = { js_worker_id: 1, js_worker_name: 'w', run_type: 'call', start_time: new Date() }
    await database.kysely
      .insertInto('js_result')
      .values([
        { ...row, owner: 'gone' },
        { ...row, owner: 'alive' },
        { ...row, owner: null },
      ])
      .execute()
    await parts.rescue()
    const query = database.kysely.selectFrom('js_result').select(['owner', 'error_message', 'finish_time'])
    const rows = await query.orderBy('id').execute()
    expect(rows[0]).toMatchObject({ error_message: expect.stringMatching(/^server_lost: /) })
    expect(rows[0]?.finish_time).toBeInstanceOf(Date)
    expect(rows.slice(1).map(each => each.error_message)).toEqual([null, null])
  })

  test('fails what waits for a handler that is gone', async () => {
    await insertLocal(database, 'a')
    await parts.send([{ sender: 's' }])
    expect(await orphans()).toBe(0)
    await database.kysely.deleteFrom('event_handler').execute()
    expect(await orphans()).toBe(1)
    expect((await eventRows(database))[0]?.error_message).toMatch(/^handler_gone: /)
  })

  test('lets go of the place of what a client ended on a server that then died', async () => {
    await insertLocal(database, 'a', { concurrency: 1 })
    await beginServer(database, 'server')
    await beginServer(database, 'other')
    await parts.send([{ sender: 's' }])
    await parts.take('server')
    await database.kysely
      .updateTable('event_log')
      .set({ status: 'success', finish_time: new Date() })
      .execute()
    await loseServer(database, 'server')
    await parts.rescue()
    await parts.send([{ sender: 's' }])
    expect(await parts.take('other')).toHaveLength(1)
    expect(await findTorn(database)).toEqual([])
  })
})
