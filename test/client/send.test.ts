import { afterAll, beforeAll, expect, expectTypeOf, test } from 'vitest'
import {
  type Client,
  createClient,
  DaybookConnectionError,
  type StartedLog,
} from '../../src/client/client.ts'
import type { Engine } from '../../src/database/database.ts'
import { parseJson } from '../../src/json.ts'
import { engines } from '../support/databases.ts'
import { secrets, startOn, type TestApp } from '../wire/support/app.ts'
import { createTestData, type TestData } from '../wire/support/data.ts'
import { startScriptedServer } from './scripted-server.ts'

const script = `export default {
  async onEvent(kwargs, env, ctx) {
    if (kwargs.fail) throw new Error('told to')
    if (kwargs.next) await ctx.send({ sender: kwargs.next, kwargs: {} })
    return { got: kwargs }
  },
}`

let data: TestData
let server: TestApp
let client: Client

beforeAll(async () => {
  data = await createTestData(engines[0] as Engine)
  server = await startOn(data)
  client = createClient({ url: server.url, token: secrets.root })
  await client.call('js-worker_create', {
    name: 'echo',
    js_script_base64: Buffer.from(script).toString('base64'),
  })
  for (const sender of ['first', 'second']) {
    await client.call('event-handler_create', {
      full_name: `on.${sender}`,
      sender,
      target: { kind: 'js_worker', name: 'echo' },
      retry: { limit: 0 },
    })
  }
}, 60_000)

afterAll(async () => {
  await server.close()
  await data.remove()
})

test('send answers with a record for each handler, and with their ends where they are waited for', async () => {
  const sent = await client.send({ sender: 'first', kwargs: { a: 1 } })
  expect(sent).toMatchObject({ matched: true, event_logs: [{ full_name: 'on.first', status: 'waiting' }] })
  const waited = await client.send({ sender: 'first', kwargs: { a: 1 } }, { waitMs: 20_000 })
  expect(waited.event_logs).toMatchObject([{ status: 'success', attempt: 1, result: { got: { a: 1 } } }])
  expectTypeOf(waited.event_logs).toEqualTypeOf<readonly StartedLog[]>()
})

test('send says that no handler takes the event', async () => {
  expect(await client.send({ sender: 'nobody' }, { waitMs: 1000 })).toMatchObject({
    matched: false,
    event_logs: [],
  })
})

test('numbers beyond 2^53 go to the handler and come back', async () => {
  const kwargs = parseJson('{"n":9007199254740993}')
  const { event_logs: logs } = await client.send({ sender: 'first', kwargs, request_id: 'exact' })
  const [row] = await client.query('event-log', [{ id: logs[0]?.id ?? 0 }])
  expect(row?.param).toEqual(kwargs)
})

test('with the same key the same event is sent once, and another is refused', async () => {
  const event = { sender: 'first', kwargs: { once: true }, idempotency_key: 'k' }
  const first = await client.send(event)
  expect(await client.send(event)).toEqual(first)
  const other = { ...event, kwargs: { once: false } }
  await expect(client.send(other)).rejects.toMatchObject({ code: 109, reason: 'idempotency_key_reused' })
})

test('sendMany sends all events or none, and answers in their order', async () => {
  const sent = await client.sendMany(
    [
      { sender: 'first', kwargs: { i: 0 } },
      { sender: 'nobody' },
      { sender: 'second', kwargs: { fail: true } },
    ],
    { waitMs: 20_000 },
  )
  expect(sent.map(each => each.event_logs.map(log => log.status))).toEqual([['success'], [], ['fail']])
  const before = await client.count('event-log', [])
  const bad = [{ sender: 'first' }, { sender: 'first', event_type: '' }]
  await expect(client.sendMany(bad)).rejects.toMatchObject({ path: 'events[1].event_type' })
  expect(await client.count('event-log', [])).toBe(before)
})

test('chain shows what an event set off, whole and in part', async () => {
  await client.send({ sender: 'first', request_id: 'r', kwargs: { next: 'second' } }, { waitMs: 20_000 })
  await expect.poll(async () => (await client.chain('r')).status, { timeout: 20_000 }).toBe('success')
  const chain = await client.chain('r')
  expect(chain.nodes.map(node => [node.full_name, node.depth])).toEqual([
    ['on.first', 0],
    ['on.second', 1],
  ])
  expectTypeOf(chain.nodes[0]?.duration_ms).toEqualTypeOf<number | null | undefined>()
  expect((await client.chain('r', { depth: 0 })).nodes).toHaveLength(1)
  const below = await client.chain('r', { nodeId: chain.nodes[1]?.node_id ?? '' })
  expect(below.nodes.map(node => node.full_name)).toEqual(['on.second'])
  const { nodes, ...summary } = await client.call('event-log_chain', {
    request_id: 'r',
    fields: ['id', 'status'],
  })
  expect(nodes).toEqual(
    chain.nodes.map(({ id, status, depth, duration_ms }) => ({ id, status, depth, duration_ms })),
  )
  expect({ ...summary, nodes: chain.nodes }).toEqual(chain)
  expect(await client.chain('nothing')).toMatchObject({ status: null, nodes: [] })
})

test('an answer that was asked to wait may take longer than any other', async () => {
  const late = await startScriptedServer(() => undefined)
  try {
    const impatient = createClient({ url: late.url, timeoutMs: 20 })
    const began = performance.now()
    const thrown = await impatient.send({ sender: 'a' }, { waitMs: 300 }).catch((error: unknown) => error)
    expect(thrown).toBeInstanceOf(DaybookConnectionError)
    expect(performance.now() - began).toBeGreaterThan(300)
  } finally {
    await late.close()
  }
})

test('an event that is none does not compile', () => {
  // @ts-expect-error an event has a sender
  expectTypeOf(client.send).toBeCallableWith({ kwargs: {} })
  // @ts-expect-error a delay is a number
  expectTypeOf(client.send).toBeCallableWith({ sender: 'a', delay_ms: '1s' })
})
