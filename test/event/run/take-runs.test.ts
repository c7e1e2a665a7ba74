import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test, vi } from 'vitest'
import { cancelRuns } from '../../../src/event/run/cancel.ts'
import { forsakeOrphans } from '../../../src/event/run/forsake.ts'
import { insertLocal, openPostgres, startTestEngine, type Work } from '../engine-setup.ts'
import { beginServer, loseServer, openParts } from '../event-parts.ts'
import { eventRows, findTorn, untilEnded } from '../event-rows.ts'

const events = (count: number, sender = 's') => Array.from({ length: count }, () => ({ sender }))

describe('taking runs', () => {
  test('of a handler with a limit never has more under way, on however many servers', async () => {
    const database = await openPostgres()
    await insertLocal(database, 'limited', { concurrency: 3 })
    let running = 0
    let most = 0
    const limited: Work = async () => {
      most = Math.max(most, ++running)
      await sleep(5 + Math.random() * 10)
      running--
    }
    const one = await startTestEngine(database, { local: { limited } })
    const other = await startTestEngine(database, { local: { limited } })
    await Promise.all(events(60).map(event => one.send(event)))
    // Both want all that they can get, all the time.
    const waking = setInterval(() => {
      one.wake()
      other.wake()
    }, 2)
    const rows = await untilEnded(database).finally(() => clearInterval(waking))
    expect(rows.filter(row => row.status === 'success' && row.attempt === 1)).toHaveLength(60)
    expect(most).toBe(3)
    expect(new Set(rows.map(row => row.owner)).size).toBe(2)
    expect(await findTorn(database)).toEqual([])
    expect([...one.errors, ...other.errors]).toEqual([])
  })

  test('of a handler with a limit by several servers at once gives them no more together', async () => {
    const database = await openPostgres()
    const parts = await openParts(database)
    await insertLocal(database, 'a', { concurrency: 2 })
    const servers = ['one', 'two', 'three', 'four']
    for (const server of servers) await beginServer(database, server)
    await parts.send(events(40))
    for (let round = 0; round < 5; round++) {
      // Each looks at so few that there are some for all of them.
      const taken = (await Promise.all(servers.map(server => parts.take(server, 2)))).flat()
      expect(taken).toHaveLength(2)
      for (const run of taken) await parts.end(run, { kind: 'success', result: 1 })
    }
  })

  test('of a handler with a limit does not keep others from running', async () => {
    const database = await openPostgres()
    const parts = await openParts(database)
    await insertLocal(database, 'limited', { concurrency: 2 })
    await beginServer(database, 'server')
    for (let i = 0; i < 3; i++) await parts.send(events(100))
    await insertLocal(database, 'free')
    await parts.send(events(1))
    const taken = []
    for (let i = 0; i < 3; i++) taken.push(...(await parts.take('server', 100)))
    expect(taken.map(run => run.handler.full_name).sort()).toEqual(['free', 'limited', 'limited'])
  })

  test('passes over any number whose rows were deleted', async () => {
    const database = await openPostgres()
    const parts = await openParts(database)
    await insertLocal(database, 'a')
    await beginServer(database, 'server')
    for (let i = 0; i < 3; i++) await parts.send(events(100))
    await database.kysely.deleteFrom('event_log').execute()
    const [answer] = await parts.send(events(1))
    const taken = await parts.take('server', 10)
    expect(taken.map(run => run.id)).toEqual(answer?.event_logs.map(log => log.id))
    expect(await findTorn(database)).toEqual([])
  })

  test('by a server whose lease has ended takes nothing, and leaves everything to others', async () => {
    const database = await openPostgres()
    const parts = await openParts(database)
    await insertLocal(database, 'a')
    await parts.send(events(2))
    await loseServer(database, 'server')
    await expect(parts.take('server')).rejects.toThrow(/lease/)
    expect(await findTorn(database)).toEqual([])
    await beginServer(database, 'other')
    expect(await parts.take('other')).toHaveLength(2)
  })

  test('leaves what waits for a handler that is disabled, until it is enabled', async () => {
    const database = await openPostgres()
    const { id } = await insertLocal(database, 'a')
    const engine = await startTestEngine(database, { local: { a: () => 1 } })
    const set = (enabled: boolean) =>
      database.kysely.updateTable('event_handler').set({ enabled }).where('id', '=', id).execute()
    const delayed = await engine.send({ sender: 's', delay_ms: 300 })
    await set(false)
    await sleep(1300)
    expect(await eventRows(database)).toMatchObject([{ status: 'waiting', attempt: 1 }])
    await set(true)
    expect(await untilEnded(database)).toMatchObject([
      { id: delayed.event_logs[0]?.id, status: 'success', attempt: 1 },
    ])
  })

  test('leaves what this server has no module for to those that have it', async () => {
    const database = await openPostgres()
    await insertLocal(database, 'a')
    const without = await startTestEngine(database)
    await without.send({ sender: 's' })
    await sleep(300)
    expect(await eventRows(database)).toMatchObject([{ status: 'waiting', attempt: 1 }])
    await startTestEngine(database, { local: { a: () => 1 } })
    expect(await untilEnded(database)).toMatchObject([{ status: 'success', attempt: 1 }])
  })

  test('fails what waits for a handler that is gone', async () => {
    const database = await openPostgres()
    const parts = await openParts(database)
    await insertLocal(database, 'a')
    await beginServer(database, 'server')
    await parts.send(events(1))
    await database.kysely.deleteFrom('event_handler').execute()
    expect(await parts.take('server')).toEqual([])
    expect(await forsakeOrphans(database, Date.now())).toBe(1)
    const [row] = await eventRows(database)
    expect(row).toMatchObject({ status: 'fail' })
    expect(row?.error_message).toMatch(/^handler_gone: /)
    expect(await findTorn(database)).toEqual([])
  })

  test('goes on while a client cancels very many that wait', async () => {
    const database = await openPostgres()
    const calls: number[] = []
    await insertLocal(database, 'a')
    const parts = await openParts(database)
    for (let i = 0; i < 4; i++) await parts.send(events(100))
    const engine = await startTestEngine(database, {
      maxRuns: 20,
      local: { a: (_, { id }) => void calls.push(id) },
    })
    await vi.waitUntil(() => calls.length > 0, { timeout: 20_000, interval: 1 })
    const ids = (await eventRows(database)).map(row => row.id)
    const { cancelled } = await database.transaction(async runner => {
      await runner.kysely.selectFrom('event_log').select('id').where('id', 'in', ids).forUpdate().execute()
      return cancelRuns(runner, ids, Date.now())
    })
    const rows = await untilEnded(database)
    expect(rows.filter(row => row.error_message?.startsWith('cancelled: before'))).toHaveLength(cancelled)
    expect(new Set(calls).size).toBe(calls.length)
    expect(calls.length).toBe(rows.length - cancelled)
    expect(await findTorn(database)).toEqual([])
    expect(engine.errors).toEqual([])
  })
})
