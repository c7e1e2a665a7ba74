import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Database } from '../../src/database/database.ts'
import { openTestDatabase } from '../support/databases.ts'
import { startWorkers, type TestWorkers, workerLimit } from './workers.ts'

describe('ctx.inlineCall', () => {
  let database: Database
  let workers: TestWorkers

  // One at once: whoever waits for another run while holding it would wait for ever.
  beforeAll(async () => {
    database = await openTestDatabase('postgres')
    workers = await startWorkers(database, { threads: 1, runs: 1 })
  })
  afterAll(async () => {
    await workers.close()
    await database.close()
  })

  const rowsOf = (name: string) =>
    workers.call('js-result_query', { query: { condition: [{ js_worker_name: name }] } })

  test('runs onInlineCall of another worker, which gets a record of its own', async () => {
    await workers.add('adds', 'onInlineCall: ({ a, b }, env, ctx) => ({ sum: a + b, ctx })')
    await workers.add(
      'asks',
      `onCall: async (p, e, ctx) => [ctx.request_id, await ctx.inlineCall('adds', p)]`,
    )
    const { result } = await workers.run('asks', { a: 1, b: 2 })
    expect(result[1]).toMatchObject({ sum: 3, ctx: { run_type: 'inline_call', request_id: result[0] } })
    expect(await rowsOf('adds')).toMatchObject([
      { run_type: 'inline_call', param: { a: 1, b: 2 }, result: { sum: 3 } },
    ])
  })

  test('tells the script why the other one failed', async () => {
    await workers.add('throws', 'onInlineCall() { throw new Error("no luck") }')
    await workers.add(
      'catches',
      `onCall: (name, e, ctx) =>
      ctx.inlineCall(name).catch(error => ({ message: error.message, data: error.data }))`,
    )
    const failed = await workers.run('catches', 'throws')
    expect(failed.result.message).toMatch(/^script_error: Error: no luck/)
    expect(failed.result.data).toEqual({ reason: 'script_error', js_result_id: expect.any(Number) })
    expect(await workers.run('catches', 'nobody')).toMatchObject({
      result: { data: { reason: 'js_worker_not_found' } },
    })
    expect(await workers.run('catches', 5)).toMatchObject({ result: { data: { reason: 'invalid_params' } } })
  })

  test('needs the permission of caller and owner alike, and lends neither more than it has', async () => {
    const owner = await workers.tokens.create(
      workerLimit('inline_*', 'create', 'run_defined_js_worker', 'read'),
    )
    const caller = await workers.tokens.create([
      ...workerLimit('inline_*', 'run_defined_js_worker'),
      ...workerLimit('outside', 'run_defined_js_worker'),
    ])
    const catches = `onCall: (name, e, ctx) => ctx.inlineCall(name).catch(error => error.data.reason)`
    await workers.add('inline_asks', catches, {}, owner.credential)
    const read = `onInlineCall: (p, e, ctx) =>
      ctx.call('js-worker_read', { name: 'inline_asks' }).then(() => 'read', error => error.data.reason)`
    await workers.add('inline_reads', read)
    await workers.add('outside', read)
    const run = async (name: string, credential: string) =>
      (await workers.run('inline_asks', name, {}, credential)).result
    expect(await run('inline_reads', workers.tokens.root)).toBe('read')
    // The other worker is the super token's, the script that asks may read; the caller may not.
    expect(await run('inline_reads', caller.credential)).toBe('permission_denied')
    expect(await run('outside', caller.credential)).toBe('permission_denied')
    expect(await run('outside', workers.tokens.root)).toBe('permission_denied')
    expect(await rowsOf('outside')).toEqual([])
  })

  test('goes ten deep and no deeper, with room for a single run at each level', async () => {
    await workers.add(
      'deep',
      `async deeper(ctx) { return 1 + await ctx.inlineCall('deep').catch(error => {
         if (error.data.reason !== 'inline_depth_exceeded') throw error
         return 0
       }) },
       onCall(p, e, ctx) { return this.deeper(ctx) },
       onInlineCall(p, e, ctx) { return this.deeper(ctx) }`,
    )
    expect(await workers.run('deep')).toMatchObject({ result: 11, error_message: null })
    expect(await rowsOf('deep')).toHaveLength(11)
  })

  test('does not hang when every thread is held by runs that wait for one', async () => {
    await workers.add('leaf', 'onInlineCall: n => n')
    await workers.add('middle', `onInlineCall: (n, e, ctx) => ctx.inlineCall('leaf', n)`)
    await workers.add(
      'many',
      `onCall: async (p, e, ctx) =>
      (await Promise.all([...Array(20).keys()].map(n => ctx.inlineCall('middle', n)))).reduce((a, b) => a + b)`,
    )
    const rows = await Promise.all(Array.from({ length: 6 }, () => workers.run('many')))
    expect(rows.map(row => row.error_message ?? row.result)).toEqual(Array(6).fill(190))
  })

  test('ends with the run that asked, whose deadline it shares', async () => {
    await workers.add('endless', 'onInlineCall() { for (;;); }')
    await workers.add('impatient', `onCall: (p, e, ctx) => ctx.inlineCall('endless')`, { max_run_time: 300 })
    const asked = await workers.run('impatient')
    expect(asked.error_message).toMatch(/^script_timeout/)
    await workers.scripts.idle()
    const [ended] = await rowsOf('endless')
    expect(ended.error_message).toMatch(/^script_cancelled/)
  })
})
