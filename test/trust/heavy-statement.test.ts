import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test, vi } from 'vitest'
import { createClient } from '../../src/client/client.ts'
import type { Database } from '../../src/database/database.ts'
import { openDatabase } from '../../src/database/open.ts'
import { filledFolder, serveDaybook, superToken } from './daybook-process.ts'
import { feltBeside, report } from './other-client.ts'

// The embedded engine runs one statement at a time. What a heavy one does to everybody else is here.

// Small enough to need no file.
const series = 'generate_series(1, 20000)'
const heavy = `select count(*) from ${series} as a, ${series} as b, ${series} as c`

/** A data folder where appending a result of the worker `slow` takes for ever, and one of `crash` ends the engine. */
async function trappedFolder(): Promise<string> {
  const dataDir = await filledFolder()
  const database = await openDatabase({ dataDir, onError: fail })
  await setTrap(database, 'slow', heavy.replace('select', 'perform'))
  await setTrap(database, 'crash', "perform set_config('exit_on_error', 'on', false); perform 1 / 0")
  await database.close()
  return dataDir
}

async function setTrap(database: Database, name: string, body: string): Promise<void> {
  await run(
    database,
    `create function ${name}() returns trigger language plpgsql as $$ begin ${body}; return new; end $$`,
  )
  await run(
    database,
    `create trigger ${name} before insert on js_result for each row when (new.js_worker_name = '${name}')
      execute function ${name}()`,
  )
}

test('a heavy statement holds up nobody who needs no database, and ends as too slow', async () => {
  const variables = { DAYBOOK_DATA: await trappedFolder(), DAYBOOK_STATEMENT_TIMEOUT_MS: '2000' }
  const server = await serveDaybook(variables)
  const client = createClient({ url: server.url, token: superToken })
  const [kept] = await client.append('js-result', [{ js_worker_name: 'kept' }])
  const felt = await feltBeside({ ask: () => fetch(`${server.url}/livez`), limitMs: 5000 }, async () => {
    const late = client.append('js-result', [{ js_worker_name: 'slow' }])
    await expect(late).rejects.toMatchObject({ code: 103, reason: 'statement_timeout', retryable: true })
  })
  report('/livez beside a heavy statement of the embedded engine', felt)
  expect(felt.refused).toBe(0)
  expect(felt.worst).toBeLessThan(1000)
  // Opened again, with all that it held.
  const [next] = await client.append('js-result', [{ js_worker_name: 'kept' }])
  const rows = await client.query('js-result', [])
  expect(rows.map(row => row.id)).toEqual([next, kept])
})

test('what was acknowledged is kept when a heavy statement ends the engine while others write', async () => {
  const dataDir = await filledFolder()
  const database = await openDatabase({ dataDir, statementTimeoutMs: 1000, onError: () => undefined })
  const acknowledged: unknown[] = []
  const wake = vi.fn()
  await database.listen('daybook_test', wake)
  for (let round = 0; round < 4; round++) {
    let isOver = false
    const writers = [1, 2, 3].map(async () => {
      while (!isOver) acknowledged.push((await run(database, insertOne)).rows[0]?.[0])
    })
    await sleep(150)
    wake.mockClear()
    const late = round % 2 === 0 ? run(database, heavy) : database.transaction(inner => run(inner, heavy))
    await expect(late).rejects.toMatchObject({ code: 103, data: { reason: 'statement_timeout' } })
    isOver = true
    await Promise.all(writers)
    // A notification may have been missed, and later ones are heard.
    expect(wake).toHaveBeenCalledTimes(1)
    await run(database, 'notify daybook_test')
    await vi.waitFor(() => expect(wake).toHaveBeenCalledTimes(2))
    await expect(openDatabase({ dataDir, onError: fail })).rejects.toThrow('in use')
    const kept = new Set((await run(database, 'select id from js_result')).rows.map(([id]) => id))
    expect(acknowledged.filter(id => !kept.has(id))).toEqual([])
  }
  expect(acknowledged.length).toBeGreaterThan(40)
  expect(new Set(acknowledged).size).toBe(acknowledged.length)
  await database.close()
})

test('a transaction that may take long is not ended, and what it leaves open is rolled back', async () => {
  const database = await openDatabase({
    dataDir: await filledFolder(),
    statementTimeoutMs: 300,
    onError: fail,
  })
  onTestFinished(() => database.close())
  const long = 'select count(*) from generate_series(1, 3000) as a, generate_series(1, 3000) as b'
  const failure = new Error('roll back')
  const work = database.transaction(
    async inner => {
      await run(inner, insertOne)
      const began = performance.now()
      while (performance.now() - began < 1000) await run(inner, long)
      throw failure
    },
    { isLong: true },
  )
  await expect(work).rejects.toBe(failure)
  expect((await run(database, 'select id from js_result')).rows).toEqual([])
})

test('a server whose engine cannot be opened again tells those who wait, and ends', async () => {
  const folder = await trappedFolder()
  const server = await serveDaybook({ DAYBOOK_DATA: folder, DAYBOOK_STATEMENT_TIMEOUT_MS: '3000' })
  const client = createClient({ url: server.url, token: superToken })
  const late = client.append('js-result', [{ js_worker_name: 'slow' }])
  const refused = expect(late).rejects.toMatchObject({ code: 103, reason: 'statement_timeout' })
  const waiting = await firstHeld(() => client.query('js-result', []))
  const told = expect(waiting.answer).rejects.toMatchObject({ code: 103, reason: 'engine_crashed' })
  await rename(join(folder, 'database'), join(folder, 'elsewhere'))
  await writeFile(join(folder, 'database'), 'a file where the folder should be')
  await Promise.all([refused, told])
  expect(await server.ended).toMatchObject({ code: 1 })
  expect(server.errors()).toContain('daybook: the embedded database cannot be opened again')
})

test('a server whose engine has crashed tells those who wait, and ends', async () => {
  const server = await serveDaybook({ DAYBOOK_DATA: await trappedFolder() })
  const client = createClient({ url: server.url, token: superToken })
  const append = client.append('js-result', [{ js_worker_name: 'crash' }])
  await expect(append).rejects.toMatchObject({ code: 103, reason: 'engine_crashed' })
  expect(await server.ended).toMatchObject({ code: 1 })
  expect(server.errors()).toContain('daybook: the embedded database has crashed')
})

/** The first request that is not answered soon. */
async function firstHeld<T>(ask: () => Promise<T>): Promise<{ readonly answer: Promise<T> }> {
  for (;;) {
    const answer = ask()
    answer.catch(() => undefined)
    const isAnswered = await Promise.race([answer.then(() => true), sleep(300)])
    if (isAnswered !== true) return { answer }
  }
}

const insertOne = "insert into js_result (js_worker_name, run_type) values ('w', 'r') returning id"

function run(database: Pick<Database, 'run'>, sql: string): ReturnType<Database['run']> {
  return database.run({ name: undefined, sql, parameters: [] }, [])
}

function fail(error: unknown): never {
  throw error
}
