import { beforeEach, expect, test } from 'vitest'
import { eventLog } from '../../src/resource/kind/event-log.ts'
import { jsResult } from '../../src/resource/kind/js-result.ts'
import type { Statistics } from '../../src/resource/statistics/statistics.ts'
import { appendAll, type Call, createCaller, workerHolder } from '../resource/caller.ts'
import { describeEngines } from '../support/databases.ts'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour
const now = Date.parse('2026-11-03T12:00:00Z')

describeEngines('statistics', open => {
  let call: Call

  beforeEach(async () => {
    call = createCaller(await open(), { now: () => now })
  })

  const stats = (params: object, condition: readonly unknown[] = []) =>
    call<Statistics>('js-result_stats', { query: { condition }, ...params })

  const refused = (path: string, reason = 'invalid_params') =>
    expect.objectContaining({ code: -32602, data: expect.objectContaining({ path, reason }) })

  /** A run at a time, of a worker, that took so long; it failed where there is an error. */
  const run = (time: string | number, name = 'w', took?: number, error?: string) => {
    const start = typeof time === 'string' ? Date.parse(time) : time
    return {
      js_worker_name: name,
      start_time: start,
      finish_time: took === undefined ? null : start + took,
      result: took === undefined || error !== undefined ? null : 1,
      error_message: error ?? null,
    }
  }

  const append = (...rows: object[]) => appendAll(call, jsResult, rows)

  const told = ({ buckets }: Statistics) =>
    buckets.map(({ time, count }) => [new Date(time).toISOString(), count])

  test('without a field to group by have one group of all records', async () => {
    expect(await stats({ percentiles: [0.5] })).toEqual({
      total: 0,
      groups: [
        {
          key: {},
          count: 0,
          by_state: { success: 0, failure: 0, running: 0, waiting: 0 },
          duration: { p50: null },
        },
      ],
      buckets: [],
      truncated: false,
    })
    await append(run(1, 'a', 10), run(2, 'b', 30), run(3, 'a', 20, 'no'), run(4))
    expect(await stats({ percentiles: [0.5, 0.95, 0.999] })).toMatchObject({
      total: 4,
      groups: [
        {
          count: 4,
          by_state: { success: 2, failure: 1, running: 1, waiting: 0 },
          duration: { p50: 20, p95: 30, 'p99.9': 30 },
        },
      ],
    })
  })

  test('have the largest groups first, and say that there are more', async () => {
    await append(run(1, 'c'), run(2, 'b'), run(3, 'a'), run(4, 'a', 5))
    const answer = await stats({ group_by: ['js_worker_name'], top: 2 })
    expect(answer).toMatchObject({ total: 4, truncated: true })
    expect(answer.groups.map(({ key, count }) => [key, count])).toEqual([
      [{ js_worker_name: 'a' }, 2],
      [{ js_worker_name: 'b' }, 1],
    ])
    const both = await stats({ group_by: ['state', 'js_worker_name'], top: 1 })
    expect(both.groups[0]?.key).toEqual({ state: 'running', js_worker_name: 'a' })
    expect(Object.keys(both.groups[0]?.key ?? {})).toEqual(['state', 'js_worker_name'])
  })

  test('group records without a value under null', async () => {
    const row = { full_name: 'h', sender: 's' }
    await appendAll(call, eventLog, [row, row, { ...row, parent_node_id: 'p' }])
    const params = { query: { condition: [] }, group_by: ['parent_node_id'], percentiles: [0.5] }
    const { groups } = await call<Statistics>('event-log_stats', params)
    expect(groups.map(({ key, count }) => [key.parent_node_id, count])).toEqual([
      [null, 2],
      ['p', 1],
    ])
  })

  test('count the newest of a limit, and only those', async () => {
    await append(run(1, 'old'), run(3, 'new'), run(2, 'new'))
    const params = { group_by: ['js_worker_name'], bucket: { ms: 1 } }
    const answer = await stats(params, [{ limit: 2 }])
    expect(answer.groups).toMatchObject([{ key: { js_worker_name: 'new' }, count: 2 }])
    expect(answer.buckets.map(({ time }) => time)).toEqual([2, 3])
    expect(await stats(params, [{ limit: 0 }])).toMatchObject({ total: 0, groups: [], buckets: [] })
  })

  test('have a bucket for every part of the time asked for, empty or not', async () => {
    await append(run(10 * minute), run(12 * minute))
    const condition = [{ start_time_from_to: [5 * minute, 25 * minute] }]
    const { buckets } = await stats({ bucket: { ms: 5 * minute } }, condition)
    expect(buckets.map(({ time, count }) => [time / minute, count])).toEqual([
      [5, 0],
      [10, 2],
      [15, 0],
      [20, 0],
      [25, 0],
    ])
    const nobody = [...condition, { js_worker_name: 'nobody' }]
    expect((await stats({ bucket: { ms: 5 * minute } }, nobody)).buckets).toHaveLength(5)
  })

  test('end a time without an end now, or with a later record', async () => {
    await append(run(now - 3 * hour), run(now + 2 * hour, 'late'))
    const last = async (condition: readonly unknown[]) =>
      (await stats({ bucket: { ms: hour } }, condition)).buckets.at(-1)?.time
    const from = { start_time_from: now - 4 * hour }
    expect(await last([from, { js_worker_name: 'w' }])).toBe(now)
    expect(await last([from])).toBe(now + 2 * hour)
    expect(await last([{ js_worker_name: 'w' }])).toBe(now - 3 * hour)
  })

  test('choose the length of their buckets by the time asked for, else by the records found', async () => {
    const steps = async (params: object, condition: readonly unknown[]) => {
      const { buckets } = await stats({ bucket: { ms: 'auto', ...params } }, condition)
      return [buckets.length, Number(buckets[1]?.time) - Number(buckets[0]?.time)]
    }
    const lasting = (ms: number) => [{ start_time_from_to: [now - ms, now] }]
    expect(await steps({}, lasting(hour))).toEqual([61, minute])
    expect(await steps({}, lasting(day))).toEqual([97, 15 * minute])
    expect(await steps({}, lasting(90 * day))).toEqual([91, day])
    const always = [{ start_time_from_to: [-62_135_596_800_000, 253_402_300_799_999] }]
    expect(await steps({}, always)).toEqual([11, 364_000 * day])
    await append(run(now - hour), run(now))
    expect(await steps({}, [])).toEqual([61, minute])
    await append(run(now - 365 * day, 'w', 1))
    const weeks = await stats({ bucket: { ms: 'auto', time_zone: 'Asia/Tokyo' } })
    expect(weeks.buckets.every(({ time }) => (time + 9 * hour) % (7 * day) === 4 * day)).toBe(true)
  })

  test('refuse more buckets than 500 with their path, whether the time was given or found', async () => {
    const within = [{ start_time_from_to: [0, 500 * minute - 1] }]
    expect((await stats({ bucket: { ms: minute } }, within)).buckets).toHaveLength(500)
    const beyond = [{ start_time_from_to: [0, 500 * minute] }]
    const refusal = refused('bucket.ms', 'too_many_buckets')
    await expect(stats({ bucket: { ms: minute } }, beyond)).rejects.toEqual(refusal)
    await append(run(0), run(500 * minute))
    await expect(stats({ bucket: { ms: minute } })).rejects.toEqual(refusal)
    expect(
      (await stats({ bucket: { ms: minute } }, [{ start_time_from: 1 }, { start_time_to: hour }])).total,
    ).toBe(0)
    const days = [{ start_time_from_to: [0, 500 * day] }]
    await expect(stats({ bucket: { ms: day } }, days)).rejects.toEqual(refusal)
  })

  test('begin days with the wall clock of the zone, where it changes too', async () => {
    await append(run('2026-10-24T22:30:00Z'), run('2026-10-25T22:30:00Z'), run('2026-10-25T23:30:00Z'))
    const berlin = await stats({ bucket: { ms: day, time_zone: 'Europe/Berlin' } })
    expect(told(berlin)).toEqual([
      ['2026-10-24T22:00:00.000Z', 2],
      ['2026-10-25T23:00:00.000Z', 1],
    ])
    // The clock there shows midnight twice: the day begins with the first.
    const condition = [
      { start_time_from_to: [Date.parse('2026-11-01T03:59:59Z'), Date.parse('2026-11-02T06:00:00Z')] },
    ]
    await append(run('2026-11-01T04:10:00Z'), run('2026-11-01T05:10:00Z'))
    const havana = await stats({ bucket: { ms: day, time_zone: 'America/Havana' } }, condition)
    expect(told(havana)).toEqual([
      ['2026-10-31T04:00:00.000Z', 0],
      ['2026-11-01T04:00:00.000Z', 2],
      ['2026-11-02T05:00:00.000Z', 0],
    ])
  })

  test('leave out a day that a zone left out', async () => {
    await append(run('2011-12-30T09:00:00Z'), run('2011-12-30T11:00:00Z'))
    const apia = await stats({ bucket: { ms: day, time_zone: 'Pacific/Apia' } })
    expect(told(apia)).toEqual([
      ['2011-12-29T10:00:00.000Z', 1],
      ['2011-12-30T10:00:00.000Z', 1],
    ])
  })

  test('count by another time; what has none is in no bucket', async () => {
    await append(run(0, 'w', hour), run(minute, 'w', hour), run(2 * minute))
    const answer = await stats({ bucket: { ms: hour, field: 'finish_time' } })
    expect(answer.total).toBe(3)
    expect(answer.buckets).toMatchObject([{ time: hour, count: 2 }])
  })

  test('refuse percentiles where records have no duration', async () => {
    const params = { query: { condition: [] }, percentiles: [0.5] }
    await expect(call('service-event_stats', params)).rejects.toEqual(refused('percentiles'))
    await expect(stats({ percentiles: [1.1] })).rejects.toEqual(refused('percentiles[0]'))
  })

  test('tell nothing of records that the caller may not read', async () => {
    await append(run(0, 'mine', 5), run(400 * day, 'theirs', 500, 'secret'), run(-day, 'theirs'))
    const caller = workerHolder('read', 'mine*')
    const ask = (params: object) => call('js-result_stats', { query: { condition: [] }, ...params }, caller)
    const alone = { count: 1, by_state: { success: 1, failure: 0, running: 0, waiting: 0 } }
    // Their records would make the buckets longer, or too many.
    for (const ms of ['auto', minute]) {
      expect(await ask({ group_by: ['js_worker_name'], bucket: { ms }, percentiles: [1], top: 1 })).toEqual({
        total: 1,
        groups: [{ key: { js_worker_name: 'mine' }, ...alone, duration: { p100: 5 } }],
        buckets: [{ time: 0, ...alone }],
        truncated: false,
      })
    }
    const theirs = { query: { condition: [{ js_worker_name: 'theirs' }] } }
    await expect(ask(theirs)).rejects.toEqual(expect.objectContaining({ code: 102 }))
    await expect(
      call('js-result_stats', { query: { condition: [] } }, workerHolder('write', '*')),
    ).rejects.toEqual(expect.objectContaining({ code: 102 }))
  })
})
