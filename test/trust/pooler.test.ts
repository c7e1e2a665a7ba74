import { Client as PgClient } from 'pg'
import { expect, onTestFinished, test, vi } from 'vitest'
import { type Client, createClient } from '../../src/client/client.ts'
import { openDatabase } from '../../src/database/open.ts'
import { runDaybook } from '../cli/daybook.ts'
import { createEmptyPostgres } from '../support/databases.ts'
import { dataFolder, serveDaybook, superToken, type Variables } from './daybook-process.ts'
import { startPgbouncer } from './pgbouncer.ts'
import { recordingHandlers } from './recording-handlers.ts'

const rounds = 90
const atOnce = 12

/** A database whose sessions have a time zone that would show, and a pooler before it that lends few connections. */
async function pooled(poolSize: number): Promise<{ direct: string; pooler: string }> {
  const database = await createEmptyPostgres()
  onTestFinished(database.drop)
  await ask(database.url, `alter database ${database.name} set timezone = 'Asia/Kathmandu'`)
  return { direct: database.url, pooler: await startPgbouncer(database.url, poolSize) }
}

async function ask(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new PgClient({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

async function serve(variables: Variables) {
  const process = await serveDaybook({ DAYBOOK_DATA: await dataFolder(), ...variables })
  return { process, client: createClient({ url: process.url, token: superToken }) }
}

/** Six calls of as many kinds. */
function mixedCalls(client: Client, round: number): readonly (() => Promise<unknown>)[] {
  const worker = `worker_${round}`
  return [
    () => client.append('js-result', [{ js_worker_name: worker, start_time: round, result: round }]),
    () => client.query('js-result', [{ js_worker_name_like: 'worker_*' }, { start_time_from: round }]),
    () => client.send({ sender: 'pooled', kwargs: { ms: 0 } }, { waitMs: 20_000 }),
    () => client.call('js-result_page', { query: { condition: [{ limit: 5 }] }, count: 'exact' }),
    () => client.delete('js-result', [{ js_worker_name: worker }, { limit: 1 }]),
    () => hearChange(client, `heard_${round}`),
  ]
}

/** Subscribes, writes, and resolves to how long the change took to arrive, in milliseconds. */
async function hearChange(client: Client, name: string): Promise<number> {
  const open = Promise.withResolvers<void>()
  const signal = AbortSignal.timeout(20_000)
  const changes = client.subscribe('js-result', [{ js_worker_name: name }], {
    signal,
    onOpen: () => open.resolve(),
  })
  const first = changes.next()
  await Promise.race([open.promise, first])
  const began = performance.now()
  await client.append('js-result', [{ js_worker_name: name }])
  const { done } = await first
  const took = performance.now() - began
  await changes.return()
  if (done === true) throw new Error('no change came')
  return took
}

test('540 mixed calls through a pooler that lends four connections all succeed, and changes come at once', {
  timeout: 120_000,
}, async () => {
  const { direct, pooler } = await pooled(4)
  const handlers = await recordingHandlers('trust.pooled')
  const { process: server, client } = await serve({
    DATABASE_URL: pooler,
    DATABASE_LISTEN_URL: direct,
    DATABASE_PREPARE: 'off',
    DAYBOOK_HANDLERS: handlers.folder,
  })
  const calls = Array.from({ length: rounds }, (_, round) => mixedCalls(client, round)).flat()
  const refusals: string[] = []
  const next = calls.values()
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (const call of next) await call().catch((error: Error) => refusals.push(error.message))
    }),
  )
  process.stderr.write(`through pgbouncer: ${calls.length - refusals.length} of ${calls.length} calls\n`)
  const times: number[] = []
  for (let n = 0; n < 20; n++) times.push(await hearChange(client, `timed_${n}`))
  const median = times.toSorted((a, b) => a - b)[times.length / 2] ?? 0
  process.stderr.write(`through pgbouncer: a change after ${median.toFixed(0)} ms\n`)
  expect(refusals).toEqual([])
  expect(await handlers.runs()).toHaveLength(rounds)
  expect(median).toBeLessThan(100)
  expect(server.errors()).toBe('')
})

test('a pooler that loses prepared statements keeps a server from starting, and is told of', async () => {
  const { direct, pooler } = await pooled(4)
  const env = { DATABASE_URL: pooler, DATABASE_LISTEN_URL: direct, DAYBOOK_DATA: await dataFolder() }
  await expect(serve(env)).rejects.toThrow('DATABASE_PREPARE=off')
  const { code, stdout } = await runDaybook(['doctor'], { env })
  expect([code, stdout]).toEqual([
    1,
    expect.stringMatching(/"database","status":"fault".*DATABASE_PREPARE=off/),
  ])
})

test('a server that hears nothing through its pooler warns, and is told of', async () => {
  const { direct, pooler } = await pooled(4)
  const env = { DATABASE_URL: pooler, DATABASE_PREPARE: 'off', DAYBOOK_DATA: await dataFolder() }
  const { process: server } = await serve(env)
  await vi.waitFor(() => expect(server.output() + server.errors()).toContain('DATABASE_LISTEN_URL'), 10_000)
  const deaf = await runDaybook(['doctor'], { env })
  expect(deaf.stdout).toMatch(/"notifications","status":"fault".*DATABASE_LISTEN_URL/)
  const hearing = await runDaybook(['doctor'], { env: { ...env, DATABASE_LISTEN_URL: direct } })
  expect(hearing.stdout).toMatch(/"notifications","status":"ok"/)
})

test('through a pooler statements are limited too, and leave nothing on the connections that others get', async () => {
  const { direct, pooler } = await pooled(1)
  const database = await openDatabase({
    url: pooler,
    listenUrl: direct,
    prepare: false,
    statementTimeoutMs: 200,
    onError: () => undefined,
  })
  onTestFinished(() => database.close())
  const sleep = { name: undefined, sql: 'select pg_sleep(5)', parameters: [] }
  const timeout = { code: 103, data: { reason: 'statement_timeout' } }
  await expect(database.run(sleep, [])).rejects.toMatchObject(timeout)
  await expect(database.transaction(({ run }) => run(sleep, []))).rejects.toMatchObject(timeout)
  await expect(database.read.run(sleep, [])).rejects.toMatchObject(timeout)
  // The one connection, with what it was left with.
  const [left] = await ask(
    pooler,
    `select current_setting('statement_timeout') as timeout, current_setting('jit') as jit`,
  )
  const [fresh] = await ask(
    direct,
    `select current_setting('statement_timeout') as timeout, current_setting('jit') as jit`,
  )
  expect(left).toEqual(fresh)
})
