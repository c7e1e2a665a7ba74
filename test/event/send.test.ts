import { expect, test } from 'vitest'
import { describeEngines } from '../support/databases.ts'
import { insert } from './definitions.ts'
import { insertLocal, startTestEngine } from './engine-setup.ts'
import { eventRows, findTorn } from './event-rows.ts'

describeEngines('sending an event', open => {
  test('writes a row and a job for each handler that takes it, and runs them', async () => {
    const database = await open()
    await insertLocal(database, 'a')
    await insertLocal(database, 'b')
    await insert(database, 'far')
    const engine = await startTestEngine(database, { local: { a: kwargs => kwargs, b: () => 2 } })
    const answer = await engine.send({ sender: 's', kwargs: { n: 1 } })
    expect(answer.event_logs.map(log => log.full_name)).toEqual(['a', 'b', 'far'])
    await engine.waiter.untilEnded(
      answer.event_logs.slice(0, 2).map(log => log.id),
      20_000,
    )
    expect(await eventRows(database)).toMatchObject([
      { full_name: 'a', status: 'success', result: { n: 1 }, attempt: 1 },
      { full_name: 'b', status: 'success', result: 2 },
      { full_name: 'far', status: 'waiting' },
    ])
    expect(await findTorn(database)).toEqual([])
    if (engine.errors.length) process.stderr.write(String((engine.errors[0] as Error).stack))
    expect(engine.errors).toEqual([])
  })
})
