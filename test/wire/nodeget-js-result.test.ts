import { randomUUID } from 'node:crypto'
import { beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import {
  type Documented,
  documentedDeletes,
  documentedQueries,
  ofDemoWorker,
} from './nodeget-js-result-requests.ts'
import { type JsResult, memberOrder, newestFirst, recorded } from './nodeget-js-result-rows.ts'
import { openSocket } from './support/socket.ts'
import { describeApps, failure, jsLimit, rpc, send, type Wire } from './support/wire.ts'

type Ask = (body: unknown) => Promise<unknown>

async function openHttp({ app }: Wire, path: string): Promise<Ask> {
  return async body => JSON.parse((await send(app.url, { path, body: JSON.stringify(body) })).body)
}

async function openWebSocket({ app }: Wire, path: string): Promise<Ask> {
  const socket = await openSocket(app.url, path)
  onTestFinished(socket.close)
  return socket.ask
}

describeApps('the documented requests of NodeGet’s js-result', wire => {
  let token: string
  /** Newest first. */
  let rows: readonly JsResult[]
  let own: readonly JsResult[]

  beforeAll(async () => {
    token = await wire.token([jsLimit('demo_worker', { read: 'demo_worker', delete: 'demo_worker' })])
  })

  beforeEach(async () => {
    await wire.result('js-result_delete', { query: { condition: ['all'] } })
    const { ids } = await wire.result<{ ids: number[] }>('js-result_append', { rows: recorded })
    rows = newestFirst(recorded.map((row, i) => ({ id: ids[i] ?? 0, ...row })))
    own = rows.filter(row => row.js_worker_name === 'demo_worker')
  })

  const readAll = () => wire.result('js-result_query', { query: { condition: [] } })
  const requestOf = ({ method, condition, id }: Documented) =>
    rpc(method, { token, query: { condition } }, id)

  describe.each([
    ['HTTP', openHttp],
    ['WebSocket', openWebSocket],
  ])('over %s', (_name, open) => {
    test.each(documentedQueries)('a query for $title is answered on every path', async documented => {
      for (const path of ['/', '/rpc', '/nodeget/rpc']) {
        const ask = await open(wire, path)
        const answer = { jsonrpc: '2.0', result: documented.takes(own), id: documented.id }
        expect(await ask(requestOf(documented))).toEqual(answer)
      }
    })

    test.each(documentedDeletes)('a delete of $title takes that and nothing else', async documented => {
      const ask = await open(wire, '/nodeget/rpc')
      const gone = documented.takes(own)
      const result = { success: true, deleted: gone.length, condition_count: documented.condition.length }
      expect(await ask(requestOf(documented))).toEqual({ jsonrpc: '2.0', result, id: documented.id })
      expect(await readAll()).toEqual(rows.filter(row => !gone.includes(row)))
    })

    test('a batch answers every documented query in its place', async () => {
      const ask = await open(wire, '/nodeget/rpc')
      const answers = documentedQueries.map(({ takes, id }) => ({ jsonrpc: '2.0', result: takes(own), id }))
      expect(await ask(documentedQueries.map(requestOf))).toEqual(answers)
    })

    test('the heartbeat takes [], {} and no params', async () => {
      const ask = await open(wire, '/nodeget/rpc')
      for (const params of [[], {}, undefined]) {
        const id = randomUUID()
        const answer = { jsonrpc: '2.0', result: 'NodeGet Server Is Running!', id }
        expect(await ask(rpc('nodeget-server_hello', params, id))).toEqual(answer)
      }
    })

    test('params may come by position, and an id may be a UUID', async () => {
      const id = randomUUID()
      const ask = await open(wire, '/nodeget/rpc')
      const request = rpc('js-result_query', [token, { condition: [ofDemoWorker, 'last'] }], id)
      expect(await ask(request)).toEqual({ jsonrpc: '2.0', result: own.slice(0, 1), id })
    })
  })

  test('of more failures than the limit the oldest stay', async () => {
    const condition = [ofDemoWorker, 'is_failure']
    const deleting = { query: { condition: [...condition, { limit: 50 }] } }
    expect(await wire.result('js-result_delete', deleting, token)).toMatchObject({ deleted: 50 })
    const left = await wire.result<JsResult[]>('js-result_query', { query: { condition } }, token)
    expect(left.map(row => row.error_message)).toEqual(['failed 2', 'failed 1', 'failed 0'])
  })

  test('a row has the nine documented members in their order', async () => {
    const found = await wire.result<object[]>('js-result_query', { query: { condition: ['last'] } }, token)
    expect(found.map(Object.keys)).toEqual([memberOrder])
  })

  test.each([null, true])('{"last": %j} is the word "last"', async last => {
    const query = { condition: [ofDemoWorker, { last }] }
    expect(await wire.result('js-result_query', { query }, token)).toEqual(own.slice(0, 1))
    const dry = await wire.result('js-result_delete', { query, dry_run: true }, token)
    expect(dry).toMatchObject({ deleted: 0, would_delete: 1 })
  })

  test('a poll by id alone finds the own row; a foreign one and an absent one look alike', async () => {
    const poll = (id: number | undefined) =>
      wire.call('js-result_query', { query: { condition: [{ id }] } }, token)
    const foreign = rows.find(row => row.js_worker_name === 'other')
    expect(await poll(own[5]?.id)).toEqual({ jsonrpc: '2.0', result: [own[5]], id: 1 })
    expect(await poll(foreign?.id)).toEqual({ jsonrpc: '2.0', result: [], id: 1 })
    expect(await poll(2 ** 52)).toEqual(await poll(foreign?.id))
  })

  test('another worker by its name is refused, and nothing of it is deleted', async () => {
    for (const method of ['js-result_query', 'js-result_delete']) {
      for (const js_worker_name of ['other', 'demo_worker_1', 'demo_worker*', 'DEMO_WORKER', 'absent']) {
        const query = { condition: [{ js_worker_name }, 'last'] }
        expect(await wire.call(method, { query }, token)).toEqual(failure(102, 'permission_denied'))
      }
    }
    expect(await readAll()).toEqual(rows)
  })

  test('without a name only the own rows are found and deleted', async () => {
    expect(await wire.result('js-result_query', { query: { condition: [] } }, token)).toEqual(own)
    const deleting = await wire.result('js-result_delete', { query: { condition: ['all'] } }, token)
    expect(deleting).toEqual({ success: true, deleted: own.length, condition_count: 1 })
    expect(await readAll()).toEqual(rows.filter(row => !own.includes(row)))
  })
})
