import { expect, inject, onTestFinished, test, vi } from 'vitest'
import type { Database } from '../../src/database/database.ts'
import { openDatabase } from '../../src/database/open.ts'
import { requireVersion } from '../../src/database/postgres-usable.ts'
import { StartError } from '../../src/database/start-error.ts'
import { createTestPostgres, openTestDatabase } from '../support/databases.ts'
import { type PostgresServer, startPostgres } from '../support/postgres-server.ts'

const busy = { code: 110, data: { reason: 'pool_exhausted', retryable: true, retry_after_ms: 1000 } }

test('a request that waits too long for a connection is told to come again', async () => {
  const database = await open({ poolMax: 2, connectTimeoutMs: 200 })
  const finish = Promise.withResolvers<void>()
  const holders = [1, 2].map(() => database.transaction(() => finish.promise))
  await vi.waitFor(() => expect(database.stats().total).toBe(2))
  const waiting = run(database, 'select 1')
  await vi.waitFor(() => expect(database.stats()).toEqual({ total: 2, idle: 0, waiting: 1 }))
  await expect(waiting).rejects.toMatchObject(busy)
  await expect(database.transaction(async () => undefined)).rejects.toMatchObject(busy)
  finish.resolve()
  await Promise.all(holders)
  expect((await run(database, 'select 1')).rows).toEqual([[1]])
})

test('a statement that takes too long is ended, and its connection stays usable', async () => {
  const database = await open({ poolMax: 1, statementTimeoutMs: 100 })
  const pid = await backendPid(database)
  const expected = { code: 103, data: { reason: 'statement_timeout', retryable: true } }
  await expect(run(database, 'select pg_sleep(30)')).rejects.toMatchObject(expected)
  expect(await backendPid(database)).toBe(pid)
})

test('a named statement is prepared once a connection, an unnamed one never', async () => {
  const database = await open({ poolMax: 1 })
  const named = { name: 'the_name', sql: 'select $1::int4 + 1', parameters: [1] }
  await database.run(named, [])
  await database.run({ ...named, name: undefined }, [])
  await database.run(named, [])
  const { rows } = await run(
    database,
    'select name, generic_plans + custom_plans from pg_prepared_statements',
  )
  expect(rows).toEqual([['the_name', 2]])
})

test('a named statement whose result changed its type fails once and then works again', async () => {
  const database = await open({ poolMax: 1 })
  const named = { name: 'all_secrets', sql: 'select * from server_secret', parameters: [] }
  await database.run(named, [])
  await run(database, 'alter table server_secret add column more text')
  await expect(database.run(named, [])).rejects.toMatchObject({
    code: 103,
    data: { reason: 'statement_outdated', retryable: true },
  })
  expect((await database.run(named, [])).rows).toEqual([])
})

test('a connection that has prepared very many statements is replaced', async () => {
  const database = await open({ poolMax: 1 })
  const pid = await backendPid(database)
  for (let i = 0; i <= 1000; i++) {
    await database.run({ name: `statement_${i}`, sql: 'select 1', parameters: [] }, [])
  }
  expect(await backendPid(database)).not.toBe(pid)
})

test('a transaction ended from outside leaves nothing and may be retried', async () => {
  const database = await open()
  const work = database.transaction(async inner => {
    await run(inner, "insert into server_secret values ('lost', 'x')")
    await run(database, `select pg_terminate_backend(${await backendPid(inner)}, 5000)`)
    await run(inner, 'select 1')
  })
  await expect(work).rejects.toMatchObject({ code: 103, data: { retryable: true } })
  expect((await run(database, 'select name from server_secret')).rows).toEqual([])
})

test('a write whose connection is lost is not called retryable, a read is', async () => {
  const server = await ownServer()
  const database = await openServer(server)
  // What is no plain select may have changed something.
  const write = run(database, 'do $$ begin perform pg_sleep(30); end $$')
  const read = database.read.run({ name: undefined, sql: 'select pg_sleep(30)', parameters: [] }, [])
  const outcomes = Promise.allSettled([write, read])
  await vi.waitFor(async () => {
    const active = "select count(*) from pg_stat_activity where wait_event = 'PgSleep'"
    expect((await run(database, active)).rows).toEqual([[2]])
  })
  await server.halt('immediate')
  const [lostWrite, lostRead] = await outcomes
  expect(lostWrite).toMatchObject({ reason: { data: { reason: 'connection_lost', retryable: false } } })
  expect(lostRead).toMatchObject({ reason: { data: { reason: 'connection_lost', retryable: true } } })
})

test('a server that is down is told as such, and once it is up again the next query works', async () => {
  const server = await ownServer()
  const database = await openServer(server)
  await Promise.all([1, 2, 3, 4].map(() => run(database, 'select 1')))
  for (const mode of ['fast', 'immediate', 'fast', 'immediate', 'fast'] as const) {
    await server.halt(mode)
    await vi.waitFor(() => expect(database.stats().idle).toBe(0))
    await expect(run(database, 'select 1')).rejects.toMatchObject({
      code: 103,
      data: { reason: 'database_unavailable', retryable: true },
    })
    await server.start()
    expect((await run(database, 'select 1')).rows).toEqual([[1]])
    expect(await database.transaction(async inner => (await run(inner, 'select 2')).rows)).toEqual([[2]])
  }
})

test('restarts under load give only retryable errors and let every later query through', async () => {
  const server = await ownServer()
  const database = await openServer(server)
  let stopped = false
  const faults: unknown[] = []
  const load = [1, 2, 3, 4, 5, 6].map(async () => {
    while (!stopped) {
      const statement = { name: 'load', sql: 'select pg_sleep(0.005)', parameters: [] }
      await database.read.run(statement, []).catch(error => faults.push(error))
    }
  })
  for (const mode of ['fast', 'immediate', 'fast', 'immediate', 'fast'] as const) {
    await server.restart(mode)
    await vi.waitFor(() => run(database, 'select 1'), { timeout: 2000 })
  }
  stopped = true
  await Promise.all(load)
  expect(faults.length).toBeGreaterThan(0)
  for (const fault of faults) expect(fault).toMatchObject({ data: { retryable: true } })
})

test('a listener whose connection was lost listens again and wakes: it may have missed something', async () => {
  const server = await ownServer()
  const database = await openServer(server)
  const [first, second] = [vi.fn(), vi.fn()]
  await database.listen('daybook_first', first)
  await database.listen('daybook_second', second)
  await server.restart('immediate')
  await vi.waitFor(() => expect(second).toHaveBeenCalledTimes(1), { timeout: 5000 })
  expect(first).toHaveBeenCalledTimes(1)
  await run(database, 'notify daybook_first')
  await vi.waitFor(() => expect(first).toHaveBeenCalledTimes(2))
  expect(second).toHaveBeenCalledTimes(1)
})

test('a database closes also while its listener has no server to connect to', async () => {
  const server = await ownServer()
  const database = await openServer(server)
  await database.listen('daybook_first', () => undefined)
  await server.halt('immediate')
  await database.close()
})

test('the loss of an idle connection is told without the settings of that connection', async () => {
  const errors: unknown[] = []
  const server = await ownServer()
  const database = await openServer(server, error => errors.push(error))
  await server.halt('fast')
  await vi.waitFor(() => expect(errors).toHaveLength(1))
  expect(Object.keys(Object(errors[0]))).not.toContain('client')
  await database.close()
})

test('a database that is no replica is not read from', async () => {
  const [main, other] = [await createTestPostgres(), await createTestPostgres()]
  const faults: unknown[] = []
  const database = await openDatabase({
    url: main.url,
    readUrl: other.url,
    onError: error => faults.push(error),
  })
  await vi.waitFor(() => expect(faults).toHaveLength(1))
  const current = { name: undefined, sql: 'select current_database()', parameters: [] }
  expect((await database.read.run(current, [])).rows).toEqual([[main.name]])
  expect(database.replica?.()).toEqual({ isUsed: false, lagMs: Number.POSITIVE_INFINITY })
  await database.ping()
  expect(database.stats()).toMatchObject({ waiting: 0 })
  await database.close()
  await Promise.all([main.drop(), other.drop()])
})

test('a PostgreSQL older than 15 is refused', () => {
  expect(() => requireVersion(140_012)).toThrow(StartError)
  expect(() => requireVersion(140_012)).toThrow('PostgreSQL 14 is too old')
  expect(requireVersion(150_000)).toBeUndefined()
})

test('a PostgreSQL that cannot be reached stops the start with its reason, without the password', async () => {
  const url = new URL(inject('postgresUrl'))
  // A server that takes whoever connects takes any password; another is told the one that it knows.
  const password = url.password || 'very-secret'
  url.password = password
  url.pathname = '/no_such_database'
  const failure = await openDatabase({ url: url.href, onError: ignore }).catch((error: unknown) => error)
  expect(failure).toBeInstanceOf(StartError)
  expect(String(failure)).toContain('no_such_database')
  expect(String(failure)).not.toContain(password)
  const refused = openDatabase({ url: 'postgres://someone:very-secret@127.0.0.1:1/x', onError: ignore })
  await expect(refused).rejects.toThrow('ECONNREFUSED')
})

type Runs = Pick<Database, 'run'>

function run(runner: Runs, text: string): ReturnType<Runs['run']> {
  return runner.run({ name: undefined, sql: text, parameters: [] }, [])
}

async function backendPid(runner: Runs): Promise<unknown> {
  return (await run(runner, 'select pg_backend_pid()')).rows[0]?.[0]
}

async function open(options: Parameters<typeof openTestDatabase>[1] = {}): Promise<Database> {
  const database = await openTestDatabase('postgres', { onError: ignore, ...options })
  onTestFinished(() => database.close())
  return database
}

/** A server of the test's own, to be restarted. */
async function ownServer(): Promise<PostgresServer> {
  const server = await startPostgres()
  onTestFinished(() => server.stop())
  return server
}

async function openServer(
  { url }: PostgresServer,
  onError: (error: unknown) => void = ignore,
): Promise<Database> {
  const database = await openDatabase({ url, connectTimeoutMs: 1000, onError })
  onTestFinished(() => database.close())
  return database
}

/** A connection that a restart ends is reported, and nothing else happens. */
function ignore(): void {}
