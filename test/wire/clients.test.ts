import { Client, HTTPTransport, RequestManager, WebSocketTransport } from '@open-rpc/client-js'
import jayson from 'jayson/promise/index.js'
import { JSONRPCClient, type JSONRPCResponse } from 'json-rpc-2.0'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { describeApps, jsLimit } from './support/wire.ts'

const badLimit = { query: { condition: [{ limit: 'ten' }] } }
const fault = { code: -32602, data: { reason: 'wrong_type', path: 'query.condition[0].limit' } }

describeApps('clients that others wrote', wire => {
  let token: string
  const newest = { query: { condition: [{ js_worker_name: 'demo_worker' }, { limit: 1 }] } }
  const found = [expect.objectContaining({ js_worker_name: 'demo_worker', start_time: 2 })]
  const withToken = (params: object) => ({ token, ...params })
  /** How many runs of a type there are: what a notification has left. */
  const counted = async (run_type: string) => {
    const answer = await wire.result<{ count: number }>('js-result_count', {
      query: { condition: [{ run_type }] },
    })
    return answer.count
  }

  beforeAll(async () => {
    token = await wire.token([jsLimit('demo_*', { read: '*', write: '*' })])
    const rows = [1, 2].map(start_time => ({ js_worker_name: 'demo_worker', start_time }))
    await wire.result('js-result_append', { rows })
  })

  const appended = (run_type: string) => withToken({ rows: [{ js_worker_name: 'demo_notified', run_type }] })

  test('jayson queries, sends batches and notifications, and gets errors', async () => {
    const { hostname, port } = new URL(wire.app.url)
    const client = jayson.Client.http({ host: hostname, port: Number(port), path: '/nodeget/rpc' })
    expect(await client.request('js-result_query', withToken(newest))).toMatchObject({ result: found })
    expect(await client.request('js-result_query', [token, newest.query])).toMatchObject({ result: found })
    expect(await client.request('js-result_query', withToken(badLimit))).toMatchObject({ error: fault })
    const batch = [
      client.request('js-result_query', withToken(newest), undefined, false),
      client.request('nope', {}, 'x', false),
    ]
    expect(await client.request(batch)).toMatchObject([
      { result: found },
      { error: { code: -32601 }, id: 'x' },
    ])
    // Its types leave out that the id null makes a notification.
    await client.request('js-result_append', appended('jayson'), null as unknown as undefined)
    await expect.poll(() => counted('jayson')).toBe(1)
  })

  test('json-rpc-2.0 queries, sends batches and notifications, and gets errors', async () => {
    const client = new JSONRPCClient(async request => {
      const answer = await fetch(wire.app.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(request),
      })
      if (answer.status === 200) client.receive((await answer.json()) as JSONRPCResponse)
      else expect(answer.status).toBe(204)
    })
    expect(await client.request('js-result_query', withToken(newest))).toEqual(found)
    await expect(client.request('js-result_query', withToken(badLimit))).rejects.toMatchObject(fault)
    const batch = [
      { jsonrpc: '2.0' as const, method: 'js-result_query', params: withToken(newest), id: 1 },
      { jsonrpc: '2.0' as const, method: 'js-result_query', params: withToken(badLimit), id: 2 },
    ]
    expect(await client.requestAdvanced(batch)).toMatchObject([{ result: found }, { error: fault }])
    client.notify('js-result_append', appended('json-rpc-2.0'))
    await expect.poll(() => counted('json-rpc-2.0')).toBe(1)
  })

  describe.each(['http', 'ws'])('@open-rpc/client-js over %s', scheme => {
    const open = () => {
      const url = wire.app.url.replace('http', scheme)
      const transport = scheme === 'ws' ? new WebSocketTransport(url) : new HTTPTransport(url)
      const client = new Client(new RequestManager([transport]))
      onTestFinished(() => client.close())
      return client
    }

    test('queries and gets errors', async () => {
      const client = open()
      expect(await client.request({ method: 'js-result_query', params: withToken(newest) })).toEqual(found)
      expect(await client.request({ method: 'js-result_query', params: [token, newest.query] })).toEqual(
        found,
      )
      const bad = client.request({ method: 'js-result_query', params: withToken(badLimit) })
      await expect(bad).rejects.toMatchObject(fault)
    })

    test('sends batches', async () => {
      const client = open()
      // Connects a WebSocket; the library does not wait for it before a batch.
      await client.request({ method: 'nodeget-server_hello', params: [] })
      client.startBatch()
      const good = client.request({ method: 'js-result_query', params: withToken(newest) })
      const bad = expect(
        client.request({ method: 'js-result_query', params: withToken(badLimit) }),
      ).rejects.toMatchObject(fault)
      client.stopBatch()
      expect(await good).toEqual(found)
      await bad
    })

    test('sends notifications', async () => {
      const client = open()
      await client.notify({ method: 'js-result_append', params: appended(scheme) })
      await expect.poll(() => counted(scheme)).toBe(1)
    })
  })
})
