import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client as Postgres } from 'pg'
import { expect, onTestFinished, test, vi } from 'vitest'
import { type Client, createClient, DaybookError } from '../../src/client/client.ts'
import type { Database } from '../../src/database/database.ts'
import { openDatabase } from '../../src/database/open.ts'
import { rawStatement } from '../../src/database/statement.ts'
import { openGateway } from '../client/gateway.ts'
import { createTestPostgres } from '../support/databases.ts'
import { dataFolder, serveDaybook, superToken } from './daybook-process.ts'
import { startPgbouncer } from './pgbouncer.ts'

vi.setConfig({ testTimeout: 120_000 })

async function start() {
  const database = await createTestPostgres()
  onTestFinished(database.drop)
  const proxy = await openGateway(database.url)
  onTestFinished(proxy.close)
  const throughProxy = new URL(database.url)
  throughProxy.host = new URL(proxy.url).host
  const { url } = await serveDaybook({ DATABASE_URL: throughProxy.href, DAYBOOK_DATA: await dataFolder() })
  const client = createClient({ url, token: superToken, timeoutMs: 60_000 })
  return { proxy, client, database }
}

const mixed = (client: Client, i: number): Promise<unknown> =>
  i % 3 === 0
    ? client.append('js-result', [{ js_worker_name: 'kept', run_type: String(i) }])
    : client.query('js-result', [{ js_worker_name: 'kept' }, { limit: 1 }])

test('no request waits for ever on connections that fell silent, and none fails 15 s later', async () => {
  const { proxy, client } = await start()
  await Promise.all(Array.from({ length: 20 }, (_, i) => mixed(client, i)))
  proxy.forget()
  const began = performance.now()
  const answers = await Promise.allSettled(
    Array.from({ length: 60 }, async (_, i) => {
      await sleep(i * 20)
      await mixed(client, i)
    }),
  )
  const ms = performance.now() - began
  const refusals = answers.flatMap(answer => (answer.status === 'rejected' ? [answer.reason] : []))
  process.stderr.write(
    `60 requests on silent connections: ${refusals.length} refused, ${Math.round(ms)} ms\n`,
  )
  expect(ms).toBeLessThan(11_000)
  for (const refusal of refusals) {
    expect(refusal).toBeInstanceOf(DaybookError)
    expect([103, 110]).toContain(refusal.code)
  }
  await sleep(Math.max(0, began + 15_000 - performance.now()))
  await Promise.all(Array.from({ length: 60 }, (_, i) => mixed(client, i)))
})

test('what is written elsewhere is noticed soon after the listening connection fell silent', async () => {
  const { proxy, client, database } = await start()
  const other = await serveDaybook({ DATABASE_URL: database.url, DAYBOOK_DATA: await dataFolder() })
  const changes: unknown[] = []
  const ended = new AbortController()
  onTestFinished(() => ended.abort())
  const follow = async (): Promise<void> => {
    for await (const change of client.subscribe('js-result', [], { signal: ended.signal }))
      changes.push(change)
  }
  void follow().catch(() => undefined)
  await sleep(500)
  proxy.forget()
  await sleep(8000)
  const began = performance.now()
  await createClient({ url: other.url, token: superToken }).append('js-result', [{ js_worker_name: 'told' }])
  await expect.poll(() => changes.length, { timeout: 5000, interval: 10 }).toBeGreaterThan(0)
  process.stderr.write(`told after ${Math.round(performance.now() - began)} ms\n`)
  expect(performance.now() - began).toBeLessThan(900)
})

test('a statement that takes long is no silent connection', async () => {
  const { client, database } = await start()
  await client.append('js-result', [{ js_worker_name: 'locked' }])
  const locker = new Postgres({ connectionString: database.url })
  await locker.connect()
  onTestFinished(() => locker.end())
  await locker.query('begin; lock table js_result in access exclusive mode')
  const waiting = client.query('js-result', ['last'])
  await sleep(7000)
  await locker.query('commit')
  expect(await waiting).toMatchObject([{ js_worker_name: 'locked' }])
})

const sleepThere = rawStatement('select pg_sleep($1)::text')
const many = rawStatement("select repeat('x', 1000) from generate_series(1, 6000)")

async function openAt(url: string): Promise<Database> {
  const database = await openDatabase({ url, onError: () => undefined })
  onTestFinished(() => database.close())
  return database
}

test('a long statement behind a pooler that nobody has told of is no silent connection', async () => {
  const { url, drop } = await createTestPostgres()
  onTestFinished(drop)
  const database = await openAt(await startPgbouncer(url, 10, 'session'))
  expect(await database.run(sleepThere, [4.5])).toMatchObject({ rows: [['']] })
})

test('a long statement of a role that may not see what its connections do is no silent connection', async () => {
  const { url, drop } = await createTestPostgres()
  onTestFinished(drop)
  const admin = new Postgres({ connectionString: url })
  await admin.connect()
  const id = randomUUID().replaceAll('-', '')
  const [login, owner] = [`login_${id}`, `owner_${id}`]
  await admin.query(`create role ${owner}; create role ${login} login in role ${owner};
    alter role ${login} set role ${owner}`)
  onTestFinished(async () => {
    await admin.query(`drop role ${login}; drop role ${owner}`)
    await admin.end()
  })
  const ownUrl = new URL(url)
  ownUrl.username = login
  const database = await openAt(ownUrl.href)
  expect(await database.run(sleepThere, [4.5])).toMatchObject({ rows: [['']] })
})

test('a long answer that comes slowly is no silent connection', async () => {
  const { url, drop } = await createTestPostgres()
  onTestFinished(drop)
  const line = await openGateway(url)
  onTestFinished(line.close)
  line.slow(1_000_000)
  const throughLine = new URL(url)
  throughLine.host = new URL(line.url).host
  const database = await openAt(throughLine.href)
  expect((await database.run(many, [])).rows).toHaveLength(6000)
})

test('no request waits for ever on a PostgreSQL that has fallen silent altogether', async () => {
  const { url, drop } = await createTestPostgres()
  onTestFinished(drop)
  const proxy = await openGateway(url)
  onTestFinished(proxy.close)
  const throughProxy = new URL(url)
  throughProxy.host = new URL(proxy.url).host
  const database = await openAt(throughProxy.href)
  await Promise.all(Array.from({ length: 10 }, () => database.run(sleepThere, [0.1])))
  const began = performance.now()
  const answers = Promise.allSettled(Array.from({ length: 60 }, () => database.run(sleepThere, [0.5])))
  await sleep(50)
  proxy.swallow()
  const reasons = (await answers).map(each =>
    each.status === 'rejected' ? each.reason.data.retryable : 'ok',
  )
  expect(reasons).toEqual(Array.from({ length: 60 }, () => true))
  const ms = Math.round(performance.now() - began)
  process.stderr.write(`60 requests, nothing answers: all refused after ${ms} ms\n`)
  expect(ms).toBeLessThan(10_000)
})

test('of many idle connections that fell silent one request waits for one', async () => {
  const { url, drop } = await createTestPostgres()
  onTestFinished(drop)
  const proxy = await openGateway(url)
  onTestFinished(proxy.close)
  const throughProxy = new URL(url)
  throughProxy.host = new URL(proxy.url).host
  const database = await openAt(throughProxy.href)
  await Promise.all(Array.from({ length: 10 }, () => database.run(sleepThere, [0.3])))
  proxy.forget()
  await sleep(6000)
  const began = performance.now()
  await database.run(sleepThere, [0])
  const ms = Math.round(performance.now() - began)
  process.stderr.write(`one request, 10 idle connections silent: ${ms} ms\n`)
  expect(ms).toBeLessThan(2500)
})
