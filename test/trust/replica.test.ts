import { setTimeout as sleep } from 'node:timers/promises'
import { Client as PgClient } from 'pg'
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { type Client, createClient } from '../../src/client/client.ts'
import { openDatabase } from '../../src/database/open.ts'
import { runDaybook } from '../cli/daybook.ts'
import { openGateway } from '../client/gateway.ts'
import { type PostgresServer, startPostgres, startReplica } from '../support/postgres-server.ts'
import { type DaybookProcess, dataFolder, serveDaybook, superToken } from './daybook-process.ts'
import { feltBeside, report } from './other-client.ts'

/** Later than any answer, and well below the lag that is allowed. */
const applyDelayMs = 100

let primary: PostgresServer
let replica: PostgresServer

beforeAll(async () => {
  primary = await startPostgres()
  replica = await startReplica(primary, {
    recovery_min_apply_delay: `${applyDelayMs}ms`,
    max_standby_streaming_delay: '100ms',
  })
})

afterAll(async () => {
  await replica?.stop()
  await primary?.stop()
})

test('a token reads what it has written, and another may see it later', { timeout: 60_000 }, async () => {
  const server = await serve()
  const client = ownClient(server)
  await untilUsed(server)
  let seen = 0
  for (let i = 0; i < 50; i++) {
    const ids = await client.append('js-result', [newRun('own')])
    const [row] = await client.query('js-result', [{ js_worker_name: 'own' }, 'last'])
    if (row?.id === ids[0]) seen++
  }
  process.stderr.write(`own writes seen: ${seen} of 50\n`)
  expect(seen).toBe(50)
})

test('reads are the replica’s while it follows, and the primary’s when it lags', async () => {
  const server = await serve({ DATABASE_READ_MAX_LAG_MS: '2000' })
  const writer = ownClient(server)
  const reader = await newReader(server)
  await untilUsed(server)
  await onReplica('select pg_wal_replay_pause()')
  const ids = await writer.append('js-result', [newRun('paused'), newRun('paused'), newRun('paused')])
  const paused = [{ js_worker_name: 'paused' }] as const
  expect(await reader.query('js-result', paused)).toEqual([])
  expect(await writer.query('js-result', paused)).toHaveLength(3)

  // What begins at the primary goes on there, whoever asks.
  const query = { condition: [...paused, { limit: 2 }] }
  const first = await writer.call('js-result_page', { query, order: 'oldest' })
  const second = await reader.call('js-result_page', { query, order: 'oldest', after: first.next ?? '' })
  expect([...first.rows, ...second.rows].map(({ id }) => id)).toEqual(ids)

  await vi.waitFor(async () => expect(await reader.query('js-result', paused)).toHaveLength(3), 5000)
  expect(await metric(server, 'daybook_replica_lag_seconds')).toBeGreaterThanOrEqual(2)
  expect(await metric(server, 'daybook_replica_used')).toBe(0)
  expect(await diagnosed()).toMatch(/"replica","status":"fault"/)
  await onReplica('select pg_wal_replay_resume()')
  await untilUsed(server)
  expect(await diagnosed()).toMatch(/"replica","status":"ok"/)
})

test('what the replica has to give up is read from the primary', async () => {
  const database = await openDatabase({ url: primary.url, readUrl: replica.url, onError: () => undefined })
  onTestFinished(() => database.close())
  await onPrimary('create table conflict as select 1 as n')
  await vi.waitUntil(() => database.replica?.().isUsed, { timeout: 10_000 })
  await sleep(2 * applyDelayMs)
  const slow = {
    name: undefined,
    sql: 'select pg_is_in_recovery() from conflict, pg_sleep(1)',
    parameters: [],
  }
  await vi.waitFor(async () => {
    const { rows } = await database.read.run({ ...slow, sql: 'select pg_is_in_recovery()' }, [])
    expect(rows).toEqual([[true]])
  })
  const reading = database.read.run(slow, [])
  await sleep(200)
  await onPrimary('alter table conflict add column more int')
  expect((await reading).rows).toEqual([[false]])
})

test('connections to the replica that fell silent keep nobody waiting', { timeout: 60_000 }, async () => {
  const proxy = await openGateway(replica.url)
  onTestFinished(proxy.close)
  const throughProxy = new URL(replica.url)
  throughProxy.host = new URL(proxy.url).host
  const server = await serve({ DATABASE_READ_URL: throughProxy.href })
  const reader = await newReader(server)
  const ask = (): Promise<unknown> => reader.query('js-result', ['last'])
  const askMany = (): Promise<unknown> => Promise.all(Array.from({ length: 20 }, ask))
  await untilUsed(server)
  await askMany()
  proxy.forget()
  await untilUsed(server, 0)
  await untilUsed(server)
  const felt = await feltBeside({ ask: askMany, limitMs: 2500 }, () => sleep(1000))
  report('connections to the replica fell silent', felt)
  expect(felt).toMatchObject({ refused: 0, refusals: [] })
})

test('a replica that hangs, dies or is promoted costs no request', { timeout: 90_000 }, async () => {
  const server = await serve()
  const reader = await newReader(server)
  await ownClient(server).append('js-result', [newRun('felt')])
  await untilUsed(server)
  const ask = async (): Promise<void> => {
    if ((await reader.query('js-result', ['last'])).length !== 1) throw new Error('it saw nothing')
  }
  async function felt(fault: string, work: () => Promise<void>): Promise<void> {
    const over = Promise.withResolvers<void>()
    const readers = [1, 2, 3, 4].map(() => feltBeside({ ask, pauseMs: 2, limitMs: 5000 }, () => over.promise))
    await work().finally(over.resolve)
    for (const each of await Promise.all(readers)) {
      report(`replica ${fault}`, each)
      expect(each).toMatchObject({ refused: 0, refusals: [] })
      expect(each.worst).toBeLessThan(2500)
      expect(each.median).toBeLessThan(300)
    }
  }

  await felt('hanging', async () => {
    replica.signal('SIGSTOP')
    await untilUsed(server, 0)
    await sleep(2000)
    replica.signal('SIGCONT')
    await untilUsed(server)
  })
  await felt('killed', async () => {
    replica.signal('SIGKILL')
    await untilUsed(server, 0)
    await sleep(500)
    await replica.start()
    await untilUsed(server)
  })
  await felt('promoted', async () => {
    await onReplica('select pg_promote()')
    await untilUsed(server, 0)
    await sleep(500)
  })
  expect(await metric(server, 'daybook_replica_lag_seconds')).toBe(Number.POSITIVE_INFINITY)
})

async function serve(more: Readonly<Record<string, string>> = {}): Promise<DaybookProcess> {
  return serveDaybook({
    DATABASE_URL: primary.url,
    DATABASE_READ_URL: replica.url,
    DAYBOOK_DATA: await dataFolder(),
    ...more,
  })
}

/** What `daybook doctor` finds. */
async function diagnosed(): Promise<string> {
  const env = {
    DATABASE_URL: primary.url,
    DATABASE_READ_URL: replica.url,
    DAYBOOK_DATA: await dataFolder(),
  }
  return (await runDaybook(['doctor'], { env })).stdout
}

function ownClient({ url }: DaybookProcess): Client {
  return createClient({ url, token: superToken })
}

async function newReader(server: DaybookProcess): Promise<Client> {
  const limit = { scopes: ['global'], permissions: [{ js_result: { read: '*' } }] } as const
  const creation = { token_creation: { token_limit: [limit] } }
  const { key, secret } = await ownClient(server).call('token_create', creation)
  return createClient({ url: server.url, token: `${key}:${secret}` })
}

function newRun(name: string) {
  return { js_worker_id: 1, js_worker_name: name, run_type: 'call', start_time: 1, param: {}, result: {} }
}

async function untilUsed(server: DaybookProcess, used = 1): Promise<void> {
  await vi.waitUntil(async () => (await metric(server, 'daybook_replica_used')) === used, {
    timeout: 20_000,
    interval: 50,
  })
}

async function metric({ url }: DaybookProcess, name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text()
  const value = new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]
  return value === '+Inf' ? Number.POSITIVE_INFINITY : Number(value)
}

const onPrimary = (sql: string): Promise<void> => runOn(primary, sql)
const onReplica = (sql: string): Promise<void> => runOn(replica, sql)

async function runOn({ url }: PostgresServer, sql: string): Promise<void> {
  const client = new PgClient({ connectionString: url })
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}
