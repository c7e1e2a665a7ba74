import { beforeAll, expect, test } from 'vitest'
import { jsResult } from '../../src/resource/kind/js-result.ts'
import { appendAll, type Call, createCaller, workerHolder } from '../resource/caller.ts'
import { describeEngines } from '../support/databases.ts'

interface Facet {
  readonly values: readonly { readonly value: string | null; readonly count: number }[]
  readonly truncated: boolean
}

describeEngines('a facet', open => {
  let call: Call

  beforeAll(async () => {
    call = createCaller(await open())
    // Worker n has n + 1 rows, the last ones the newest.
    const rows = Array.from({ length: 120 }, (_, n) =>
      Array.from({ length: n + 1 }, () => ({
        js_worker_name: `w${String(n).padStart(3, '0')}`,
        run_type: n % 2 === 0 ? 'call' : 'cron',
        start_time: n,
      })),
    ).flat()
    await appendAll(call, jsResult, rows)
  })

  function facet(condition: readonly unknown[], options: object = {}): Promise<Facet> {
    return call('js-result_facet', { query: { condition }, field: 'js_worker_name', ...options })
  }

  test('has the 20 most frequent values unless a limit says otherwise, at most 100', async () => {
    const { values, truncated } = await facet([])
    expect(values).toHaveLength(20)
    expect(values.slice(0, 2)).toEqual([
      { value: 'w119', count: 120 },
      { value: 'w118', count: 119 },
    ])
    expect(truncated).toBe(true)
    expect((await facet([], { limit: 100 })).values).toHaveLength(100)
  })

  test('says that it is whole when it is', async () => {
    expect(await facet([], { prefix: 'w11', limit: 10 })).toMatchObject({ truncated: false })
    expect(await facet([], { prefix: 'w11', limit: 9 })).toMatchObject({ truncated: true })
    expect(await facet([{ js_worker_name: 'nobody' }])).toEqual({ values: [], truncated: false })
  })

  test('of another field than the name counts what the same conditions find', async () => {
    const { values } = await facet([{ start_time_from_to: [1, 2] }], { field: 'run_type' })
    expect(values).toEqual([
      { value: 'call', count: 3 },
      { value: 'cron', count: 2 },
    ])
  })

  test('within a limit is that of the newest rows, so that it costs as little as they do', async () => {
    expect(await facet([{ limit: 121 }])).toEqual({
      values: [
        { value: 'w119', count: 120 },
        { value: 'w118', count: 1 },
      ],
      truncated: false,
    })
    expect(await facet(['last'])).toMatchObject({ values: [{ value: 'w119', count: 1 }] })
    expect(await facet([{ limit: 0 }])).toEqual({ values: [], truncated: false })
    // The prefix narrows the values, not the rows.
    expect(await facet([{ limit: 121 }], { prefix: 'w118' })).toMatchObject({ values: [{ count: 1 }] })
  })

  test('holds only what the token may read, and tells of nothing else', async () => {
    const holder = workerHolder('read', 'w00*', 'w119')
    const params = { query: { condition: [] }, field: 'js_worker_name', limit: 11 }
    const { values, truncated } = await call<Facet>('js-result_facet', params, holder)
    expect(values.map(({ value }) => value)).toEqual([
      'w119',
      ...[9, 8, 7, 6, 5, 4, 3, 2, 1, 0].map(n => `w00${n}`),
    ])
    expect(truncated).toBe(false)
    const foreign = { ...params, prefix: 'w05' }
    expect(await call('js-result_facet', foreign, holder)).toEqual({ values: [], truncated: false })
    const named = { ...params, query: { condition: [{ js_worker_name: 'w050' }] } }
    await expect(call('js-result_facet', named, holder)).rejects.toMatchObject({ code: 102 })
  })

  test('of the state counts what the words find', async () => {
    const started = { js_worker_name: 'started' }
    const rows = [{}, { result: 1 }, { error_message: 'no' }, { error_message: 'no' }]
    await appendAll(
      call,
      jsResult,
      rows.map(row => ({ ...started, ...row })),
    )
    expect(await facet([started], { field: 'state' })).toEqual({
      values: [
        { value: 'failure', count: 2 },
        { value: 'running', count: 1 },
        { value: 'success', count: 1 },
      ],
      truncated: false,
    })
    expect(await facet([started], { field: 'state', prefix: 'succ' })).toMatchObject({
      values: [{ value: 'success' }],
    })
  })

  test.each([
    [{ field: undefined }, 'field'],
    [{ field: 'nope' }, 'field'],
    [{ field: 'id' }, 'field'],
    [{ field: 'param' }, 'field'],
    [{ field: 'error_message' }, 'field'],
    [{ field: 'start_time' }, 'field'],
    [{ field: '__proto__' }, 'field'],
    [{ field: ['run_type'] }, 'field'],
    [{ prefix: 1 }, 'prefix'],
    [{ prefix: 'x'.repeat(129) }, 'prefix'],
    [{ prefix: 'a\u0007' }, 'prefix'],
    [{ limit: 0 }, 'limit'],
    [{ limit: 101 }, 'limit'],
    [{ limit: 1.5 }, 'limit'],
    [{ query: { condition: ['all'] } }, 'query.condition[0]'],
    [{ top: 5 }, 'top'],
  ])('with %j is refused', async (params, path) => {
    await expect(facet([], params)).rejects.toMatchObject({ code: -32602, data: { path } })
  })
})
