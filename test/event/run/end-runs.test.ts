import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Database } from '../../../src/database/database.ts'
import type { Run, RunOutcome } from '../../../src/event/run/run.ts'
import { nextAttempt } from '../../../src/event/run/run.ts'
import { openTestDatabase } from '../../support/databases.ts'
import { insertLocal } from '../engine-setup.ts'
import { beginServer, type EventParts, openParts } from '../event-parts.ts'
import { emptyEvents, eventRow, findTorn } from '../event-rows.ts'

const success: RunOutcome = { kind: 'success', result: { n: 1 } }
const failed = { kind: 'failed', message: 'broken: by the test', retry: true } as const

describe('ending an attempt', () => {
  let database: Database
  let parts: EventParts

  beforeAll(async () => {
    database = await openTestDatabase('postgres')
    parts = await openParts(database)
  })
  beforeEach(() => emptyEvents(database))
  afterAll(async () => {
    await database.close()
  })

  async function takeOne(retry = { limit: 1, delay_ms: 60_000, backoff: false }): Promise<Run> {
    await insertLocal(database, 'a', { retry })
    await beginServer(database, 'server')
    await parts.send([{ sender: 's' }])
    const [run] = await parts.take('server')
    if (run === undefined) throw new Error('nothing was taken')
    return run
  }

  test.each<[string, RunOutcome, string, object]>([
    ['a success', success, 'success', { status: 'success', result: { n: 1 }, attempt: 1, failures: 0 }],
    ['null', { kind: 'success', result: null }, 'success', { status: 'success', result: null }],
    ['a failure', failed, 'waiting', { status: 'waiting', attempt: 2, failures: 1, owner: null }],
    ['one that is final', { ...failed, retry: false }, 'fail', { status: 'fail', attempt: 1, failures: 1 }],
    [
      'what is handed back',
      { kind: 'handed_back' },
      'waiting',
      { status: 'waiting', attempt: 2, failures: 0 },
    ],
  ])('writes %s, with its job', async (_what, outcome, ending, row) => {
    const run = await takeOne()
    expect(await parts.end(run, outcome)).toBe(ending)
    expect(await eventRow(database, run.id)).toMatchObject(row)
    expect(await findTorn(database)).toEqual([])
  })

  test('fails for good once its handler allows no further try', async () => {
    const run = await takeOne({ limit: 1, delay_ms: 0, backoff: false })
    expect(await parts.end(run, failed)).toBe('waiting')
    const [again] = await parts.take('server')
    expect(again).toMatchObject({ id: run.id, attempt: 2, failures: 1 })
    expect(await parts.end(again ?? run, failed)).toBe('fail')
    expect(await eventRow(database, run.id)).toMatchObject({ error_message: failed.message, failures: 2 })
  })

  test.each<[string, RunOutcome]>([
    ['success', success],
    ['failure', failed],
    ['hand back', { kind: 'handed_back' }],
  ])('a second time changes nothing, be it a %s', async (_what, outcome) => {
    const run = await takeOne()
    await parts.end(run, success)
    const before = await eventRow(database, run.id)
    expect(await parts.end(run, outcome)).toBe('lost')
    expect(await eventRow(database, run.id)).toEqual(before)
    expect(await findTorn(database)).toEqual([])
  })

  test('of an attempt that is not the last any more changes nothing', async () => {
    const run = await takeOne({ limit: 1, delay_ms: 0, backoff: false })
    await parts.end(run, failed)
    const [again] = await parts.take('server')
    expect(await parts.end(run, success)).toBe('lost')
    expect(await eventRow(database, run.id)).toMatchObject({ status: 'running', attempt: 2 })
    expect(await parts.end(again ?? run, success)).toBe('success')
    expect(await findTorn(database)).toEqual([])
  })

  test('that a client deleted drops its job', async () => {
    const run = await takeOne()
    await database.kysely.deleteFrom('event_log').execute()
    expect(await parts.end(run, failed)).toBe('lost')
    expect(await findTorn(database)).toEqual([])
  })

  test('for another try goes where its handler is run by now', async () => {
    const run = await takeOne({ limit: 1, delay_ms: 0, backoff: false })
    const change = database.kysely.updateTable('event_handler').set({ target_kind: 'remote' })
    await change.execute()
    expect(await parts.end(run, failed)).toBe('waiting')
    expect(await findTorn(database)).toEqual([])
    const [claimed] = await parts.claim(run.handler.id)
    expect(claimed).toMatchObject({ id: run.id, attempt: 2 })
  })

  test('for another try fails when its handler is gone', async () => {
    const run = await takeOne({ limit: 1, delay_ms: 0, backoff: false })
    await database.kysely.deleteFrom('event_handler').execute()
    expect(await parts.end(run, failed)).toBe('fail')
    expect((await eventRow(database, run.id)).error_message).toMatch(/^handler_gone: /)
    expect(await findTorn(database)).toEqual([])
  })

  test.each([
    ['without what a text column refuses', 'a\u0000b\ud800', 'a\ufffdb\ufffd'],
    ['cut to 16,384 characters', 'x'.repeat(100_000), 'x'.repeat(16_384)],
  ])('keeps a message %s', async (_what, message, kept) => {
    const run = await takeOne()
    expect(await parts.end(run, { kind: 'failed', message, retry: false })).toBe('fail')
    expect(await eventRow(database, run.id)).toMatchObject({ error_message: kept })
  })

  describe('the next attempt', () => {
    const run = (failures: number, retry: object) =>
      ({
        failures,
        handler: { retry: { limit: 5, delay_ms: 100, backoff: false, ...retry } },
      }) as unknown as Run

    test.each([
      ['after the delay', run(0, {}), failed, 1100],
      ['after the same delay', run(3, {}), failed, 1100],
      ['twice as late each time', run(3, { backoff: true }), failed, 1800],
      ['when the receiver asked for it', run(0, {}), { ...failed, retryAfterMs: 7000 }, 8000],
      ['a day later at most', run(0, {}), { ...failed, retryAfterMs: 1e12 }, 1000 + 86_400_000],
      ['never where it would not help', run(0, {}), { ...failed, retry: false }, undefined],
      ['never after the limit', run(5, {}), failed, undefined],
    ])('comes %s', (_when, attempt, outcome, expected) => {
      expect(nextAttempt(attempt, outcome, 1000)).toBe(expected)
    })
  })
})
