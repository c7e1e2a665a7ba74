import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test, vi } from 'vitest'
import { openEventStream } from '../http/event-stream.ts'
import { openPushSocket, rowsOf, type Subscribing } from '../stream/push-socket.ts'
import { type AttackedServer, serveForFile } from './attacked-server.ts'
import { type Felt, feltBeside, report } from './other-client.ts'

vi.setConfig({ testTimeout: 120_000 })

const sockets = 20
const subscriptionsEach = 100
const appended = 3000

/** No row has it in its text, so all of them are looked for. */
function costly(subscription: number): readonly unknown[] {
  const needles = Array.from({ length: 25 }, (_, i) => ({
    error_message_contains: `no ${subscription} ${i}`,
  }))
  return [{ or: needles }]
}

async function tokenFor({ client }: AttackedServer, name: string): Promise<string> {
  const permissions = [{ js_result: { read: name } }, { js_result: { write: name } }]
  const token_creation = { token_limit: [{ scopes: [{ js_worker: name }], permissions }] }
  const { key, secret } = await client.call('token_create', { token_creation } as never)
  return `${key}:${secret}`
}

function jsResult(js_worker_name: string, error_message: string) {
  const now = Date.now()
  const times = { start_time: now, finish_time: now }
  return {
    js_worker_id: 1,
    js_worker_name,
    run_type: 'call',
    ...times,
    param: {},
    result: null,
    error_message,
  }
}

/** All the answers, of which some may be refusals. */
async function subscribeAll(url: string, token: string): Promise<readonly unknown[]> {
  const answers: unknown[] = []
  for (let s = 0; s < sockets; s++) {
    const socket = await openPushSocket(url, { token })
    for (let i = 0; i < subscriptionsEach; i++) {
      const query = { condition: costly(s * subscriptionsEach + i) }
      answers.push(await socket.call('js-result_subscribe', { query }))
    }
  }
  return answers
}

/** Appends what the subscriptions are matched against. */
async function appendMany(server: AttackedServer, token: string): Promise<void> {
  for (let i = 0; i < appended; i += 500) {
    const rows = Array.from({ length: 500 }, (_, n) => jsResult('attacker', `${i + n} ${'y'.repeat(500)}`))
    await server.client.call('js-result_append', { token, rows } as never)
  }
}

/** Appends a row again and again, and measures until it comes to the subscription. */
async function subscriptionFelt(
  { url, client }: AttackedServer,
  token: string,
  attack: () => Promise<unknown>,
): Promise<Felt> {
  const socket = await openPushSocket(url, { token })
  const { result: id } = (await socket.call('js-result_subscribe', {
    query: { condition: [{ js_worker_name: 'victim' }] },
  })) as Subscribing
  let sent = 0
  const ask = async (): Promise<void> => {
    sent += 1
    await client.call('js-result_append', { token, rows: [jsResult('victim', 'x')] } as never)
    while (rowsOf(socket, id).length < sent) await sleep(2)
  }
  return feltBeside({ ask }, attack)
}

/** What others feel while the attacker subscribes to so much, and rows are appended. */
async function feltByOthers(server: AttackedServer, name: string, isRefused: boolean): Promise<void> {
  const { url, client } = server
  const [attacker, victim] = [await tokenFor(server, 'attacker'), await tokenFor(server, 'victim')]
  await client.call('js-result_append', { token: victim, rows: [jsResult('victim', 'x')] } as never)
  const answers = await subscribeAll(url, attacker)
  const refused = answers.filter(each => 'error' in (each as object))
  expect(refused.length > 0).toBe(isRefused)
  for (const each of refused) {
    expect(each).toMatchObject({ error: { code: 110, data: { reason: 'subscriptions_too_costly' } } })
  }
  let delivered: Felt | undefined
  const query = { token: victim, query: { condition: [{ limit: 1 }] } }
  const queried = await feltBeside(
    { ask: () => client.call('js-result_query', query as never) },
    async () => {
      delivered = await subscriptionFelt(server, victim, async () => {
        await appendMany(server, attacker)
        await sleep(3000)
      })
    },
  )
  report(`a query beside ${name}`, queried)
  if (delivered === undefined) throw new Error('nothing was measured')
  report(`another subscription beside ${name}`, delivered)
  expect([queried.refused, delivered.refused]).toEqual([0, 0])
  expect(queried.median).toBeLessThan(300)
  expect(queried.worst).toBeLessThan(2000)
  expect(delivered.median).toBeLessThan(500)
  expect(delivered.worst).toBeLessThan(3000)
}

describe('2,000 subscriptions of 25 substrings each, and 3,000 rows,', () => {
  const server = serveForFile()

  test('are more than a token may have, and delay nobody else', () =>
    feltByOthers(server(), 'what a token may have', true))

  test('are as many with a JWT and over GET /stream, and no more once some have ended', async () => {
    const { url, client } = server()
    const token = await tokenFor(server(), 'other')
    const { jwt } = await client.call('token_issue', { token, ttl_ms: 60_000 } as never)
    const stream = (n: number) => {
      const query = { resource: 'js-result', condition: JSON.stringify(costly(n)) }
      return openEventStream(url, {
        query,
        headers: { authorization: `Bearer ${n % 2 === 0 ? token : jwt}` },
      })
    }
    const open = []
    for (let n = 0; ; n++) {
      const next = await stream(n)
      if (next.status !== 200) {
        await expect.poll(() => next.text()).toContain('subscriptions_too_costly')
        break
      }
      open.push(next)
    }
    expect(open.length).toBeGreaterThan(100)
    expect(open.length).toBeLessThan(300)
    open[0]?.destroy()
    await expect.poll(async () => (await stream(1000)).status, { interval: 50, timeout: 5000 }).toBe(200)
  })
})

describe('as many where the operator lets them', () => {
  const server = serveForFile({
    DAYBOOK_MAX_TOKEN_MATCH_COST: '1000000',
    DAYBOOK_MAX_MATCH_COST: '1000000',
  })

  test('delay nobody else', () => feltByOthers(server(), '2,000 subscriptions', false))
})
