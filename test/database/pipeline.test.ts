import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test, vi } from 'vitest'
import type { Database } from '../../src/database/database.ts'
import { openDatabase } from '../../src/database/open.ts'
import { rawStatement } from '../../src/database/statement.ts'
import { onBehalfOf } from '../../src/fairness/behalf.ts'
import { createTestPostgres } from '../support/databases.ts'
import { Texts } from './texts.ts'

async function open(options: { prepare?: boolean; poolMax?: number } = {}): Promise<Database> {
  const own = await createTestPostgres()
  const database = await openDatabase({ poolMax: 2, ...options, url: own.url, onError: () => undefined })
  onTestFinished(() => database.close().then(own.drop))
  return database
}

/** What a small read answers, and on whose behalf it is done. */
async function read(database: Database, sql: string, values: unknown[] = [], whom = 'somebody') {
  const texts = new Texts()
  await onBehalfOf(whom, () => database.read.take?.(rawStatement(sql), values, texts, true))
  return texts.rows
}

const pidBeside = "select $1 || ' ' || pg_backend_pid()"

async function pidsOf(database: Database, count = 40, whom = 'somebody'): Promise<Set<string | undefined>> {
  const asked = Array.from({ length: count }, (_, i) => read(database, pidBeside, [`a${i}`], whom))
  const rows = await Promise.all(asked)
  expect(rows.map(([row]) => row?.split(' ')[0])).toEqual(rows.map((_, i) => `a${i}`))
  return new Set(rows.map(([row]) => row?.split(' ')[1]))
}

test('small reads that are asked at once share two connections, and each has its own rows', async () => {
  const database = await open()
  expect((await pidsOf(database, 300)).size).toBe(2)
  expect(database.stats().total).toBe(1)
})

test('one that fails does so alone', async () => {
  const database = await open()
  const answers = await Promise.allSettled(
    Array.from({ length: 30 }, (_, i) => read(database, 'select (12 / $1::int4)::text', [i % 10])),
  )
  for (const [i, answer] of answers.entries()) {
    if (i % 10 === 0)
      expect(answer).toMatchObject({ reason: { code: 108, data: { reason: 'value_refused' } } })
    else expect(answer).toMatchObject({ value: [String(Math.trunc(12 / (i % 10)))] })
  }
})

test('what follows one that failed on the same connection has its own rows', async () => {
  const database = await open({ poolMax: 1 })
  const run = (sql: string, values: unknown[]) => database.run(rawStatement(sql), values)
  const take = async (sql: string, values: unknown[]) => {
    const texts = new Texts()
    await database.read.take?.(rawStatement(sql), values, texts, false)
    return texts.rows
  }
  const fail = 'select (12 / $1::int4)::text'
  for (let i = 1; i < 200; i++) {
    await expect(i % 2 === 0 ? run(fail, [0]) : take(fail, [0])).rejects.toMatchObject({ code: 108 })
    if (i % 3 === 0) expect((await run('select $1::int4', [i])).rows).toEqual([[i]])
    else expect(await take('select $1::text', [i])).toEqual([String(i)])
  }
})

test('one that is slow is answered by the pool, as is all that its client asks for some time', async () => {
  const database = await open({ poolMax: 10 })
  const shared = await pidsOf(database, 40, 'another')
  const slow = read(database, "select 'slept' || pg_sleep(0.7)", [], 'a slow one')
  await sleep(10)
  const began = performance.now()
  await pidsOf(database, 40, 'another')
  expect(performance.now() - began).toBeLessThan(400)
  expect(await slow).toEqual(['slept'])
  const pids = await pidsOf(database, 40, 'a slow one')
  expect([...pids].filter(pid => shared.has(pid))).toEqual([])
  expect([...(await pidsOf(database, 40, 'another'))].filter(pid => !shared.has(pid))).toEqual([])
})

test('what changed its type since it was prepared is answered all the same', async () => {
  const database = await open()
  const run = (sql: string) => database.run({ name: undefined, sql, parameters: [] }, [])
  await run("create table changing as select 'a' as x")
  expect(await read(database, 'select * from changing')).toEqual(['a'])
  await run('alter table changing alter x type varchar(9)')
  for (let i = 0; i < 4; i++) expect(await read(database, 'select * from changing')).toEqual(['a'])
})

test('connections that PostgreSQL ends are opened again, and nobody is refused meanwhile', async () => {
  const database = await open()
  const before = await pidsOf(database)
  let isOver = false
  const asking = Array.from({ length: 8 }, async (_, i) => {
    while (!isOver) expect(await read(database, 'select $1', [`b${i}`])).toEqual([`b${i}`])
  })
  await sleep(20)
  for (const pid of before) await database.run(rawStatement('select pg_terminate_backend($1, 5000)'), [pid])
  await vi.waitFor(
    async () => {
      const after = await pidsOf(database)
      expect([...after].filter(pid => before.has(pid))).toEqual([])
      expect(after.size).toBe(2)
    },
    { timeout: 5000 },
  )
  isOver = true
  await Promise.all(asking)
})

test('a row that is too long is passed over as it comes, and what follows it is whole', async () => {
  const database = await open()
  const long = async (isSmall: boolean): Promise<void> => {
    const texts = new Texts(1000)
    const sql = "select repeat('x', case g when 2 then 9000000 else g end) from generate_series(1, 3) g"
    await onBehalfOf(String(isSmall), () => database.read.take?.(rawStatement(sql), [], texts, isSmall))
    expect(texts).toMatchObject({ rows: ['x', 'xxx'], leftOut: 1 })
  }
  await Promise.all([long(true), pidsOf(database), long(false), long(true), pidsOf(database)])
})

test('where there is no use in more, the rest is not waited for', async () => {
  const database = await open()
  const texts = new Texts(1000, 1_000_000)
  const endless = rawStatement("select repeat('x', 100000) from generate_series(1, 1000000)")
  await expect(database.read.take?.(endless, [], texts, false)).rejects.toMatchObject({ code: 103 })
  expect(texts.isHopeless).toBe(true)
  expect((await database.read.run(rawStatement('select 1'), [])).rows).toEqual([[1]])
})

test('where statements may have no names, rows only come as values', async () => {
  const database = await open({ prepare: false })
  expect(database.read.take).toBeUndefined()
})
