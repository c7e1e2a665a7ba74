import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Database } from '../../src/database/database.ts'
import { jsResult } from '../../src/resource/kind/js-result.ts'
import { appendAll, type Call, createCaller, workerHolder } from '../resource/caller.ts'
import { describeEngines, openTestDatabase } from '../support/databases.ts'

interface Row {
  readonly id: number
}

describeEngines('deleting', open => {
  let call: Call
  /** Newest first. */
  let ids: readonly number[]

  beforeAll(async () => {
    call = createCaller(await open())
  })

  beforeEach(async () => {
    await call('js-result_delete', { query: { condition: ['all'] } })
    const rows = Array.from({ length: 20 }, (_, n) => ({
      js_worker_name: n % 2 === 0 ? 'even' : 'odd',
      start_time: n < 4 ? null : Math.floor(n / 2) * 1000,
      error_message: n % 5 === 0 ? 'failed' : null,
    }))
    const appended = await appendAll(call, jsResult, rows)
    // Of two with one time the later id is newer; those without a time come last.
    const order = [19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0]
    ids = order.map(n => appended[n] ?? 0)
    expect(await remaining()).toEqual(ids)
  })

  async function remaining(condition: readonly unknown[] = []): Promise<number[]> {
    return (await call<Row[]>('js-result_query', { query: { condition } })).map(row => row.id)
  }

  function remove(condition: readonly unknown[], options: object = {}): Promise<unknown> {
    return call('js-result_delete', { query: { condition }, ...options })
  }

  test.each([
    [['last']],
    [[{ limit: 3 }]],
    [[{ limit: 18 }]],
    [[{ js_worker_name: 'even' }, { limit: 9 }]],
    [['is_failure', { js_worker_name: 'odd' }]],
    [['is_failure', 'last']],
    [[{ start_time_from: 5000 }]],
    [[{ not: { start_time_from: 5000 } }]],
    [[{ or: [{ js_worker_name: 'odd' }, 'is_failure'] }, { limit: 4 }]],
    [[{ js_worker_name: 'nobody' }]],
  ])('%j takes exactly what the query finds', async condition => {
    const found = await remaining(condition)
    expect(await remove(condition)).toEqual({
      success: true,
      deleted: found.length,
      condition_count: condition.length,
    })
    expect(await remaining()).toEqual(ids.filter(id => !found.includes(id)))
  })

  test('with "all" takes everything, or the newest of everything', async () => {
    expect(await remove(['all', { limit: 5 }])).toMatchObject({ deleted: 5, condition_count: 2 })
    expect(await remaining()).toEqual(ids.slice(5))
    expect(await remove([{ all: true }])).toMatchObject({ deleted: 15 })
    expect(await remaining()).toEqual([])
  })

  test('without any condition is refused', async () => {
    await expect(remove([])).rejects.toMatchObject({
      code: 108,
      data: { reason: 'all_required', path: 'query.condition' },
    })
    await expect(remove([], { dry_run: true })).rejects.toMatchObject({ code: 108 })
    expect(await remaining()).toEqual(ids)
  })

  test.each([
    [[{ and: [] }], 'query.condition[0].and'],
    [[{ or: [] }], 'query.condition[0].or'],
    [[{ not: 'all' }], 'query.condition[0].not'],
    [[{ js_worker_name: 'even' }, { js_worker_nam: 'x' }], 'query.condition[1].js_worker_nam'],
    [[{ limit: 1.5 }], 'query.condition[0].limit'],
    [[{ last: false }], 'query.condition[0].last'],
    [[{ all: false }], 'query.condition[0].all'],
    [[{ js_worker_name: 'even', all: true }], 'query.condition[0]'],
  ])('%j is refused, and nothing is deleted', async (condition, path) => {
    await expect(remove(condition)).rejects.toMatchObject({ code: -32602, data: { path } })
    expect(await remaining()).toEqual(ids)
  })

  test.each([
    [{ query: { condition: ['all'] }, dryrun: true }, 'dryrun'],
    [{ query: { condition: ['all'], limit: 1 } }, 'query.limit'],
    [{ query: { condition: ['all'] }, dry_run: 1 }, 'dry_run'],
    [{ query: { condition: ['all'] }, max_affected: -1 }, 'max_affected'],
    [{ query: { condition: ['all'] }, max_affected: '1' }, 'max_affected'],
    [{ query: {} }, 'query.condition'],
    [{ query: { condition: {} } }, 'query.condition'],
    [{ condition: ['all'] }, 'condition'],
    [{}, 'query'],
  ])('with the parameters %j is refused, and nothing is deleted', async (params, path) => {
    await expect(call('js-result_delete', params)).rejects.toMatchObject({ code: -32602, data: { path } })
    expect(await remaining()).toEqual(ids)
  })

  test('with a limit of 0 takes nothing', async () => {
    expect(await remove([{ limit: 0 }])).toMatchObject({ deleted: 0 })
    expect(await remaining()).toEqual(ids)
  })

  test('as a dry run only says how many it would take', async () => {
    for (const [condition, count] of [
      [['all'], 20],
      [[{ limit: 7 }], 7],
      [['is_failure', { limit: 100 }], 4],
      [[{ limit: 0 }], 0],
    ] as const) {
      expect(await remove(condition, { dry_run: true })).toEqual({
        success: true,
        deleted: 0,
        condition_count: condition.length,
        would_delete: count,
      })
    }
    expect(await remaining()).toEqual(ids)
  })

  test('of more than max_affected takes nothing', async () => {
    for (const [condition, max_affected] of [
      [['all'], 19],
      [['all'], 0],
      [[{ js_worker_name: 'even' }], 9],
      [[{ limit: 5 }], 4],
      [['last'], 0],
    ] as const) {
      await expect(remove(condition, { max_affected })).rejects.toMatchObject({
        code: 108,
        data: { reason: 'max_affected_exceeded', path: 'max_affected' },
      })
      await expect(remove(condition, { max_affected, dry_run: true })).rejects.toMatchObject({ code: 108 })
      expect(await remaining()).toEqual(ids)
    }
  })

  test('of no more than max_affected takes all', async () => {
    expect(await remove([{ js_worker_name: 'nobody' }], { max_affected: 0 })).toMatchObject({ deleted: 0 })
    expect(await remove([{ limit: 5 }], { max_affected: 5 })).toMatchObject({ deleted: 5 })
    expect(await remove(['all'], { max_affected: 15 })).toMatchObject({ deleted: 15 })
    expect(await remaining()).toEqual([])
  })

  test('takes only what the caller may delete', async () => {
    const caller = workerHolder('delete', 'odd')
    const query = { condition: [{ limit: 3 }] }
    expect(await call('js-result_delete', { query }, caller)).toMatchObject({ deleted: 3 })
    const odd = ids.filter((_, place) => place % 2 === 0)
    expect(await remaining()).toEqual(ids.filter(id => !odd.slice(0, 3).includes(id)))
    const reader = workerHolder('read', '*')
    await expect(call('js-result_delete', { query }, reader)).rejects.toMatchObject({ code: 102 })
  })
})

describe('deletes at once, on PostgreSQL', () => {
  const rounds = 50
  let database: Database
  let call: Call

  beforeAll(async () => {
    database = await openTestDatabase('postgres')
    call = createCaller(database)
  })
  afterAll(() => database.close())

  async function appendTwenty(js_worker_name: string): Promise<void> {
    const rows = Array.from({ length: 20 }, (_, n) => ({
      js_worker_name,
      start_time: n % 3 === 0 ? null : n,
    }))
    await appendAll(call, jsResult, rows)
  }

  /** Starts two deletes that both meet a locked row, so that neither can end before the other has begun. */
  async function deleteTwice(condition: readonly unknown[], options: object = {}): Promise<number[]> {
    const params = { query: { condition }, ...options }
    let answers: Promise<{ deleted: number }>[] = []
    await database.transaction(async ({ kysely }) => {
      await sql`select 1 from js_result for update`.execute(kysely)
      answers = [1, 2].map(() => call('js-result_delete', params))
      while ((await countWaiting()) < 2) await new Promise(setImmediate)
    })
    return (await Promise.all(answers)).map(answer => answer.deleted)
  }

  async function countWaiting(): Promise<number> {
    const { rows } = await sql<{ count: number }>`select count(*) as count from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock'`.execute(database.kysely)
    return rows[0]?.count ?? 0
  }

  async function countOf(js_worker_name: string): Promise<unknown> {
    return call('js-result_count', { query: { condition: [{ js_worker_name }] } })
  }

  test(`of the newest 10 each take 20 records together, ${rounds} times`, async () => {
    for (let round = 0; round < rounds; round++) {
      const name = `limit${round}`
      await appendTwenty(name)
      expect(await deleteTwice([{ js_worker_name: name }, { limit: 10 }])).toEqual([10, 10])
      expect(await countOf(name)).toEqual({ count: 0 })
    }
  })

  test('of the same records count each record once', async () => {
    for (let round = 0; round < rounds; round++) {
      const name = `same${round}`
      await appendTwenty(name)
      const deleted = await deleteTwice([{ js_worker_name: name }], { max_affected: 20 })
      expect(deleted.toSorted((a, b) => a - b)).toEqual([0, 20])
      expect(await countOf(name)).toEqual({ count: 0 })
    }
  })

  test('of the newest one each take two', async () => {
    for (let round = 0; round < rounds; round++) {
      const name = `last${round}`
      await appendTwenty(name)
      expect(await deleteTwice([{ js_worker_name: name }, 'last'])).toEqual([1, 1])
      expect(await countOf(name)).toEqual({ count: 18 })
    }
  })
})
