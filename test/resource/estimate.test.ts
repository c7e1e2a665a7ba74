import { sql } from 'kysely'
import { beforeAll, expect, test } from 'vitest'
import { planConditions } from '../../src/condition/plan.ts'
import type { Database } from '../../src/database/database.ts'
import { createStatementCache } from '../../src/database/statement-cache.ts'
import { jsResult } from '../../src/resource/kind/js-result.ts'
import { estimateRows } from '../../src/resource/select/count.ts'
import { type Table, tableOf } from '../../src/resource/table.ts'
import { describeEngines } from '../support/databases.ts'
import { createCaller } from './caller.ts'

const total = 10_008
const rare = 1282

describeEngines('an estimated count', open => {
  let database: Database
  let table: Table

  beforeAll(async () => {
    database = await open()
    table = tableOf(jsResult, { database, cache: createStatementCache() })
    // Nobody shall analyze it before the test does. Names and types depend on each other.
    await sql`alter table js_result_p0 set (autovacuum_enabled = false)`.execute(database.kysely)
    await sql`analyze js_result`.execute(database.kysely)
    await sql`insert into js_result (js_worker_name, run_type, start_time, result)
      select case when n <= ${rare}::int then 'rare' else 'common' end, case when n <= ${rare}::int then 'cron' else 'call' end,
        to_timestamp(n), jsonb_build_object('n', n)
      from generate_series(1, ${total}::int) as n`.execute(database.kysely)
  })

  const conditions: readonly (readonly [number, readonly unknown[]])[] = [
    [total, []],
    [total, ['is_success']],
    [rare, [{ js_worker_name: 'rare' }]],
    [rare, [{ js_worker_name: 'rare' }, { run_type: 'cron' }, 'is_success']],
    [rare, [{ js_worker_name_like: 'r*' }]],
    [0, [{ js_worker_name: 'common' }, { run_type: 'cron' }]],
    [5004, [{ start_time_to: 5_004_000 }]],
    [1, [{ id: 7 }]],
  ]

  async function estimate(condition: readonly unknown[], affordable: number): Promise<number> {
    const { language } = jsResult
    const options = { language, path: 'q', maxConditions: 100, allowAll: false }
    return estimateRows(table, planConditions(condition, options).predicates, affordable)
  }

  test.each(conditions)('is exact where counting is cheap: %i', async (count, condition) => {
    const page = createCaller(database)('js-result_page', { query: { condition }, count: 'estimate' })
    expect(await page).toMatchObject({ count })
  })

  test.each(conditions)('is exact where the table has no statistics: %i', async (count, condition) => {
    expect(await estimate(condition, 0)).toBe(count)
  })

  test('comes from the statistics where there are some and counting is not cheap', async () => {
    await sql`analyze js_result`.execute(database.kysely)
    for (const [count, condition] of conditions.slice(0, 3)) {
      const estimated = await estimate(condition, 0)
      expect(Math.abs(estimated - count) / count).toBeLessThan(0.15)
    }
    // What is told apart: names and types are taken for independent.
    expect(await estimate([{ js_worker_name: 'common' }, { run_type: 'cron' }], 0)).toBeGreaterThan(100)
  })
})
