import { sql } from 'kysely'
import { beforeEach, expect, test } from 'vitest'
import type { Database } from '../../src/database/database.ts'
import { keepPartitions, makeRoom } from '../../src/database/partition-upkeep.ts'
import { readPartitions } from '../../src/database/partitions.ts'
import { createCaller } from '../resource/caller.ts'
import { describeEngines } from '../support/databases.ts'
import { applyRules, countRows, day, firstRule, insertOld, makeDue, onlyRules } from './rule-runs.ts'

const size = 100
const rule = { resource: 'js-result', query: { condition: [] }, older_than_ms: day }

describeEngines('retention of ranges', open => {
  let database: Database

  /** Old runs in the ranges up to 100, 200 and 300, and the beginning of the next. */
  beforeEach(async () => {
    database = await open()
    for (const count of [60, 80, 100, 80]) {
      await insertOld(database, count)
      await keepPartitions(database, size)
    }
    await onlyRules(database, rule)
  })

  const run = (text: string) => sql.raw(text).execute(database.kysely)

  async function ranges(): Promise<readonly string[]> {
    const [table] = await readPartitions(database, ['js_result'])
    return table?.partitions.map(({ name }) => name) ?? []
  }

  async function tables(): Promise<readonly string[]> {
    const { rows } = await sql<{ name: string }>`select relname as name from pg_class
      where relname ~ '^js_result_p\\d+$' order by oid`.execute(database.kysely)
    return rows.map(({ name }) => name)
  }

  test('drops those that are wholly old, deletes the rest row by row, and counts both', async () => {
    expect(await ranges()).toEqual([
      'js_result_p0',
      'js_result_p100',
      'js_result_p200',
      'js_result_p300',
      'js_result_p400',
    ])
    expect(await applyRules(database)).toEqual({ 'js-result': 320 })
    expect(await tables()).toEqual(['js_result_p300', 'js_result_p400'])
    expect(await firstRule(database)).toMatchObject({ deleted: 320, last_deleted: 320, last_error: null })
    expect(await countRows(database, 'js_result')).toBe(0)
    await insertOld(database, 10)
    await makeDue(database)
    expect(await applyRules(database)).toEqual({ 'js-result': 10 })
    expect(await firstRule(database)).toMatchObject({ deleted: 330, last_deleted: 10 })
  })

  test('tells the stream as little of it as of other deletions, and the audit trail what it was', async () => {
    const told = async () =>
      (await run(`select * from pending_change where resource <> 'audit-log' order by id`)).rows
    const before = await told()
    const [range] = (await run('select min(id)::int as from, max(id)::int as to from js_result')).rows
    await applyRules(database)
    expect(await told()).toEqual(before)
    const kept = await run('select resource, affected::int, ids from audit_log')
    expect(kept.rows).toEqual([{ resource: 'js-result', affected: 320, ids: range }])
  })

  test.each([
    ['a run that is still open', 'result = null, finish_time = null'],
    ['a run without a time', 'start_time = null'],
    ['a run that is not old enough', 'start_time = now()'],
  ])('keeps a range that holds %s, and all but that run leave it', async (_what, change) => {
    await run(`update js_result set ${change} where id = 150`)
    await applyRules(database)
    expect(await tables()).toEqual(['js_result_p100', 'js_result_p300', 'js_result_p400'])
    expect((await run('select id from js_result')).rows).toEqual([{ id: 150 }])
    expect(await firstRule(database)).toMatchObject({ deleted: 319 })
  })

  test('drops no range by a rule with conditions', async () => {
    await onlyRules(database, { ...rule, query: { condition: [{ js_worker_name: 'old' }] } })
    const before = await tables()
    expect(await applyRules(database)).toEqual({ 'js-result': 320 })
    expect(await tables()).toEqual(before)
  })

  test('leaves a range alone in which ids are still drawn, however many empty ones are ahead', async () => {
    await run('delete from js_result where id >= 250')
    await makeRoom(database, { table: 'js_result', keys: [950], partitionRows: size })
    await makeRoom(database, { table: 'js_result', keys: [1950], partitionRows: size })
    await applyRules(database)
    expect(await tables()).toEqual(['js_result_p300', 'js_result_p400', 'js_result_p1000', 'js_result_p2000'])
    await insertOld(database, 5)
    expect(await countRows(database, 'js_result')).toBe(5)
  })

  test.each([
    ['before it was detached', []],
    ['after it was detached', ['alter table js_result detach partition js_result_p100 concurrently']],
  ])('what a server left %s is dropped by the next, and counted', async (_when, statements) => {
    await run(
      `alter table js_result_p100 add constraint daybook_expired_${(await firstRule(database)).id} check (false) not valid`,
    )
    for (const each of statements) await run(each)
    await keepPartitions(database, size)
    expect(await tables()).not.toContain('js_result_p100')
    expect(await ranges()).not.toContain('js_result_p100')
    expect(await firstRule(database)).toMatchObject({ deleted: 100 })
  })

  test('takes back by import what left with its range', async () => {
    const call = createCaller(database)
    const condition = [{ id_in: [5, 150] }]
    const rows = await call<readonly Record<string, unknown>[]>('js-result_query', { query: { condition } })
    await applyRules(database)
    expect(await ranges()).toHaveLength(2)
    expect(await call('js-result_import', { rows })).toEqual({ imported: 2, skipped: 0 })
    expect(await call('js-result_query', { query: { condition } })).toEqual(rows)
  })
})
