import { expect, test } from 'vitest'
import { readEventRequests } from '../../../src/event/send/event-request.ts'
import { describeEngines } from '../../support/databases.ts'
import { fault } from '../../token/tokens.ts'
import { insert } from '../definitions.ts'
import { insertLocal, root, startTestEngine } from '../engine-setup.ts'
import { eventRows, findTorn, untilEnded, untilStatus } from '../event-rows.ts'

describeEngines('sending an event', open => {
  test('writes a row and a job for each handler that takes it, and runs them', async () => {
    const database = await open()
    await insertLocal(database, 'a')
    await insertLocal(database, 'b')
    await insert(database, 'far')
    const engine = await startTestEngine(database, { local: { a: kwargs => kwargs, b: () => 2 } })
    const answer = await engine.send({ sender: 's', kwargs: { n: 1 } })
    expect(answer.event_logs.map(log => log.full_name)).toEqual(['a', 'b', 'far'])
    const [a, b] = answer.event_logs
    await untilStatus(database, a?.id, 'success')
    await untilStatus(database, b?.id, 'success')
    expect(await eventRows(database)).toMatchObject([
      { full_name: 'a', status: 'success', result: { n: 1 }, attempt: 1 },
      { full_name: 'b', status: 'success', result: 2 },
      { full_name: 'far', status: 'waiting' },
    ])
    expect(await findTorn(database)).toEqual([])
    expect(engine.errors).toEqual([])
  })

  test('tells an event that nobody takes apart, and writes nothing', async () => {
    const database = await open()
    await insertLocal(database, 'a', { enabled: false })
    const engine = await startTestEngine(database)
    expect(await engine.send({ sender: 's' })).toMatchObject({ matched: false, event_logs: [] })
    expect(await eventRows(database)).toEqual([])
  })

  test('that is put off does not run before its time', async () => {
    const database = await open()
    await insertLocal(database, 'a')
    const began: number[] = []
    const engine = await startTestEngine(database, { local: { a: () => void began.push(Date.now()) } })
    const sent = Date.now()
    await engine.send({ sender: 's', delay_ms: 700 })
    await untilEnded(database)
    expect(began).toHaveLength(1)
    expect((began[0] ?? 0) - sent).toBeGreaterThanOrEqual(700)
  })

  test('with one key, however often at once, is sent once and always gets that answer', async () => {
    const database = await open()
    await insertLocal(database, 'a')
    const engine = await startTestEngine(database, { local: { a: () => 1 } })
    const event = { sender: 's', kwargs: { n: 1 }, idempotency_key: 'k' }
    const answers = await Promise.all(Array.from({ length: 50 }, () => engine.send(event)))
    expect(new Set(answers.map(answer => JSON.stringify(answer))).size).toBe(1)
    expect(await untilEnded(database)).toMatchObject([
      { id: answers[0]?.event_logs[0]?.id, attempt: 1, status: 'success' },
    ])
    const other = engine.send({ ...event, kwargs: { n: 2 } })
    await expect(other).rejects.toMatchObject(fault(109, 'idempotency_key_reused', 'idempotency_key'))
    expect(await eventRows(database)).toHaveLength(1)
    expect(engine.errors).toEqual([])
  })

  test('with others, of which each has a key, does not wait for a call that has the same keys the other way round', async () => {
    const database = await open()
    await insertLocal(database, 'a')
    const engine = await startTestEngine(database)
    const events = Array.from({ length: 20 }, (_, i) => ({ sender: 's', idempotency_key: `k${i}` }))
    const send = (each: readonly object[]) => engine.sender.send(readEventRequests(each), { identity: root })
    const [there, back] = await Promise.all([send(events), send(events.toReversed())])
    expect(back.toReversed()).toEqual(there)
    expect(there.map(answer => answer.event_logs.length)).toEqual(Array(20).fill(1))
    expect(await eventRows(database)).toHaveLength(20)
  })

  test('with a key is free to be sent otherwise after it has failed', async () => {
    const database = await open()
    await insertLocal(database, 'a')
    const engine = await startTestEngine(database, { local: { a: kwargs => kwargs } })
    // The door refuses NUL; here it is the database that does, within the transaction.
    const failing = engine.send({ sender: 's', kwargs: '\u0000', idempotency_key: 'k' })
    await expect(failing).rejects.toMatchObject({ code: 108 })
    expect(await eventRows(database)).toEqual([])
    const answer = await engine.send({ sender: 's', kwargs: 'fine', idempotency_key: 'k' })
    expect(answer.event_logs).toHaveLength(1)
    expect(await untilEnded(database)).toMatchObject([{ result: 'fine' }])
  })

  test('of which one of many cannot be written fails alone', async () => {
    const database = await open()
    await insertLocal(database, 'a')
    const engine = await startTestEngine(database, { local: { a: kwargs => kwargs } })
    const sent = ['x', '\u0000', 'y'].map(kwargs => engine.send({ sender: 's', kwargs }))
    const settled = await Promise.allSettled(sent)
    expect(settled.map(each => each.status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    const rows = await untilEnded(database)
    expect(rows.map(row => row.result).sort()).toEqual(['x', 'y'])
    expect(await findTorn(database)).toEqual([])
  })
})
