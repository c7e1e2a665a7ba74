import { beforeAll, expect, test } from 'vitest'
import { eventLog } from '../../src/resource/kind/event-log.ts'
import { jsResult } from '../../src/resource/kind/js-result.ts'
import { appendAll, type Call, createCaller, type Page, walkPages, workerHolder } from '../resource/caller.ts'
import { describeEngines } from '../support/databases.ts'

describeEngines('a page', open => {
  let call: Call

  beforeAll(async () => {
    call = createCaller(await open())
    const rows = Array.from({ length: 1200 }, (_, n) => ({
      js_worker_name: `w${n % 3}`,
      start_time: n % 5 === 0 ? null : n,
    }))
    await appendAll(call, jsResult, rows)
  })

  function page(condition: readonly unknown[], options: object = {}): Promise<Page> {
    return call('js-result_page', { query: { condition }, ...options })
  }

  test('has 100 rows unless a limit says otherwise, and at most 1000', async () => {
    expect((await page([])).rows).toHaveLength(100)
    expect((await page([{ limit: 7 }])).rows).toHaveLength(7)
    expect((await page([{ limit: 10_000 }])).rows).toHaveLength(1000)
    expect((await page([{ limit: 3 }, { limit: 5 }])).rows).toHaveLength(5)
  })

  test('of at least one row is asked for', async () => {
    await expect(page([{ limit: 0 }])).rejects.toMatchObject({ code: -32602, data: { reason: 'empty_page' } })
  })

  test('that is the last one leads nowhere', async () => {
    const w0 = { js_worker_name: 'w0' }
    const first = await page([w0, { limit: 399 }])
    expect(first.next).not.toBeNull()
    expect(await page([w0, { limit: 400 }])).toMatchObject({ next: null })
    const second = await page([w0, { limit: 399 }], { after: first.next })
    expect(second).toMatchObject({ rows: [expect.anything()], next: null })
    expect(await page([{ js_worker_name: 'nobody' }])).toEqual({ rows: [], next: null })
  })

  test('of "last" is one row and leads nowhere', async () => {
    expect(await page(['last'])).toMatchObject({ rows: [{ start_time: 1199 }], next: null })
  })

  test('holds the members that were asked for, in the order of the row', async () => {
    const { rows } = await page(['last'], { fields: ['start_time', 'id', 'id'] })
    expect(rows.map(row => Object.keys(row))).toEqual([['id', 'start_time']])
    expect(Object.keys((await page(['last'])).rows[0] ?? {})).toHaveLength(9)
  })

  test('counts what the conditions find, whatever its size', async () => {
    const w1 = [{ js_worker_name: 'w1' }, { limit: 2 }]
    expect(await page(w1, { count: 'exact' })).toMatchObject({ count: 400 })
    expect(await page(w1, { count: 'none' })).not.toHaveProperty('count')
    const { next } = await page(w1)
    expect(await page(w1, { count: 'exact', after: next })).toMatchObject({ count: 400 })
    const mine = { query: { condition: [] }, count: 'exact' }
    expect(await call('js-result_page', mine, workerHolder('read', 'w1', 'w2'))).toMatchObject({ count: 800 })
  })

  test('estimates a count near the truth, whatever the conditions', async () => {
    const total = await call<{ count: number }>('js-result_count', { query: { condition: [] } })
    expect(await page([], { count: 'estimate' })).toMatchObject(total)
    expect(await page([{ id: 1 }, { run_type: 'call' }], { count: 'estimate' })).toMatchObject({ count: 1 })
  })

  test('is not disturbed by what is appended meanwhile', async () => {
    for (const order of ['newest', 'oldest'] as const) {
      const walk = { call, resource: jsResult, conditions: [{ run_type: 'call' }], order, sizes: [61] }
      const before = await walkPages(walk)
      const disturbing: Call = async (method, params, caller) => {
        const rows = [null, -5, 600, 5_000].map(start_time => ({ js_worker_name: 'late', start_time }))
        await call('js-result_append', { rows })
        return call(method, params, caller)
      }
      const during = await walkPages({ ...walk, call: disturbing })
      expect(new Set(during).size).toBe(during.length)
      const known = new Set(before)
      expect(during.filter(id => known.has(id))).toEqual(before)
      await call('js-result_delete', { query: { condition: [{ js_worker_name: 'late' }] } })
    }
  })

  test.each([
    [{ after: '' }, 'after'],
    [{ after: 'hello' }, 'after'],
    [{ after: 5 }, 'after'],
    [{ order: 'sideways' }, 'order'],
    [{ fields: [] }, 'fields'],
    [{ fields: ['id', 'secret'] }, 'fields[1]'],
    [{ fields: 'id' }, 'fields'],
    [{ count: true }, 'count'],
    [{ limit: 5 }, 'limit'],
    [{ query: { condition: ['all'] } }, 'query.condition[0]'],
  ])('with %j is refused', async (params, path) => {
    await expect(page([], params)).rejects.toMatchObject({ code: -32602, data: { path } })
  })

  test('does not take the cursor of the other order', async () => {
    const { next } = await page([])
    await expect(page([], { after: next, order: 'oldest' })).rejects.toMatchObject({
      code: -32602,
      data: { path: 'after', reason: 'bad_cursor' },
    })
  })

  test('takes null for no cursor', async () => {
    expect(await page([], { after: null })).toEqual(await page([]))
  })

  test('walks records that always have a time', async () => {
    const rows = Array.from({ length: 50 }, (_, n) => ({
      full_name: 'f',
      sender: 's',
      created_time: Math.floor(n / 7),
    }))
    const ids = await appendAll(call, eventLog, rows)
    const walk = { call, resource: eventLog, conditions: [], sizes: [4, 9] }
    expect(await walkPages({ ...walk, order: 'oldest' })).toEqual(ids)
    expect(await walkPages({ ...walk, order: 'newest' })).toEqual(ids.toReversed())
  })
})
