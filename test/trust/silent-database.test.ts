import { setTimeout as sleep } from 'node:timers/promises'
import { Client as Postgres } from 'pg'
import { expect, onTestFinished, test, vi } from 'vitest'
import { type Client, createClient, DaybookError } from '../../src/client/client.ts'
import { openGateway } from '../client/gateway.ts'
import { createTestPostgres } from '../support/databases.ts'
import { dataFolder, serveDaybook, superToken } from './daybook-process.ts'

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
