import { describe, expect, test } from 'vitest'
import { planReplay } from '../../../src/event/send/replay.ts'
import type { Identity } from '../../../src/permission/grant.ts'
import { compileLimits } from '../../../src/permission/limit.ts'
import { insertLocal, openPostgres, root, startTestEngine } from '../engine-setup.ts'
import { eventRows, findTorn, untilEnded } from '../event-rows.ts'

describe('replaying', () => {
  test('runs the handlers of the rows alone again, with the same arguments, as new rows below them', async () => {
    const database = await openPostgres()
    await insertLocal(database, 'a')
    await insertLocal(database, 'b')
    const runs: unknown[] = []
    const local = {
      a: (kwargs: unknown) => void runs.push(['a', kwargs]),
      b: (kwargs: unknown) => void runs.push(['b', kwargs]),
    }
    const engine = await startTestEngine(database, { local })
    const { request_id: requestId, event_logs: logs } = await engine.send({ sender: 's', kwargs: { n: 1.5 } })
    const before = await untilEnded(database)
    runs.length = 0
    const [first] = logs
    await database.transaction(async runner => {
      const events = await planReplay(runner, [first?.id ?? 0], root)
      await engine.sender.insert(runner, events)
    })
    engine.wake()
    const rows = await untilEnded(database)
    expect(runs).toEqual([['a', { n: 1.5 }]])
    expect(rows.slice(0, 2)).toEqual(before)
    expect(rows).toHaveLength(3)
    const query = database.kysely.selectFrom('event_log').selectAll().orderBy('id', 'desc')
    expect(await query.executeTakeFirst()).toMatchObject({
      run_type: 'replay',
      request_id: requestId,
      parent_node_id: first?.node_id,
      attempt: 1,
      full_name: 'a',
      param: { n: 1.5 },
    })
    expect(await findTorn(database)).toEqual([])
  })

  test('leaves out what has no handler any more', async () => {
    const database = await openPostgres()
    await insertLocal(database, 'a')
    const engine = await startTestEngine(database, { local: { a: () => 1 } })
    const [log] = (await engine.send({ sender: 's' })).event_logs
    await untilEnded(database)
    await database.kysely.deleteFrom('event_handler').execute()
    const sent = await database.transaction(async runner =>
      engine.sender.insert(runner, await planReplay(runner, [log?.id ?? 0], root)),
    )
    expect(sent).toMatchObject([{ matched: false, event_logs: [] }])
    expect(await eventRows(database)).toHaveLength(1)
  })

  test('leaves out what clients appended: its handler’s patterns were never asked', async () => {
    const database = await openPostgres()
    await insertLocal(database, 'a')
    const engine = await startTestEngine(database)
    const [log] = (await engine.send({ sender: 's', delay_ms: 60_000 })).event_logs
    await database.kysely.updateTable('event_log').set({ caller: null, status: 'fail' }).execute()
    expect(await planReplay(database, [log?.id ?? 0], root)).toEqual([])
  })

  test('is refused to whoever may not send in the name of the sender', async () => {
    const database = await openPostgres()
    await insertLocal(database, 'a')
    const engine = await startTestEngine(database)
    const [log] = (await engine.send({ sender: 's' })).event_logs
    const limits = compileLimits([{ scopes: [{ sender: 'other' }], permissions: [{ event: { send: '*' } }] }])
    const stranger: Identity = { tokenKey: 'stranger', isSuper: false, limits: [limits] }
    const planned = planReplay(database, [log?.id ?? 0], stranger)
    await expect(planned).rejects.toMatchObject({ code: 102 })
  })
})
