import { beforeEach, expect, onTestFinished, test } from 'vitest'
import type { Database } from '../../src/database/database.ts'
import { startUpkeep } from '../../src/database/upkeep.ts'
import { openTestDatabase } from '../support/databases.ts'

let database: Database

beforeEach(async () => {
  // In memory: the upkeep of its own comes with a data folder.
  database = await openTestDatabase('pglite')
  onTestFinished(() => database.close())
})

test('the room of deleted rows is given back, and what is left is counted', async () => {
  await insert(4000)
  await run('delete from js_result where id % 2 = 0')
  await run('delete from js_result where id > 1000')
  expect(await one("select reltuples from pg_class where relname = 'js_result_p0'")).toBe(-1)
  const before = Number(await one("select pg_relation_size('js_result_p0')"))
  begin(() => true)
  await expect.poll(() => one("select pg_relation_size('js_result_p0')")).toBeLessThan(before / 2)
  await expect.poll(() => one("select reltuples from pg_class where relname = 'js_result_p0'")).toBe(500)
  expect(await one("select count(*) from pg_stats where tablename = 'js_result_p0'")).toBeGreaterThan(5)
})

test('a table with few changes is left alone', async () => {
  await insert(4000)
  await run('select pg_stat_force_next_flush()')
  await run('vacuum analyze js_result')
  await run('delete from js_result where id <= 300')
  const seen = await one("select pg_stat_get_last_vacuum_time('js_result_p0'::regclass)")
  await looks()
  expect(await one("select pg_stat_get_last_vacuum_time('js_result_p0'::regclass)")).toEqual(seen)
})

test('the write-ahead log is kept short, whatever is written', async () => {
  begin(() => true)
  for (let round = 0; round < 8; round++) {
    await insert(4000)
    await run('delete from js_result')
    await looks()
  }
  expect(await one('select sum(size)::int8 from pg_ls_waldir()')).toBeLessThan(36 * 2 ** 20)
})

test('those who wait for the engine go first, for a while', async () => {
  await insert(2000)
  await run('delete from js_result')
  let asked = 0
  begin(() => {
    asked++
    return false
  })
  const size = () => one("select pg_relation_size('js_result_p0')")
  const before = await size()
  await expect.poll(() => asked).toBeGreaterThan(30)
  expect(await size()).toBe(before)
  await expect.poll(size, { timeout: 20_000 }).toBe(0)
})

const everyMs = 50
const freeBytes = async (): Promise<number> => 2 ** 30

function begin(isIdle: () => boolean): void {
  const upkeep = startUpkeep({ run: database.run, isIdle, freeBytes, onError: fail, everyMs })
  onTestFinished(() => upkeep.stop())
}

/** Lets it look twice at least. */
async function looks(): Promise<void> {
  let asked = 0
  const counting: Database['run'] = (statement, values) => {
    asked++
    return database.run(statement, values)
  }
  const upkeep = startUpkeep({ run: counting, isIdle: () => true, freeBytes, onError: fail, everyMs })
  await expect.poll(() => asked).toBeGreaterThan(4)
  await upkeep.stop()
}

function insert(rows: number): Promise<unknown> {
  return run(`insert into js_result (js_worker_name, run_type, param)
    select 'w', 'call', jsonb_build_object('text', repeat('x', 300)) from generate_series(1, ${rows})`)
}

function run(sql: string): ReturnType<Database['run']> {
  return database.run({ name: undefined, sql, parameters: [] }, [])
}

async function one(sql: string): Promise<unknown> {
  return (await run(sql)).rows[0]?.[0]
}

function fail(error: unknown): never {
  throw error
}
