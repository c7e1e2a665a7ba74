import { Client, HTTPTransport, RequestManager, WebSocketTransport } from '@open-rpc/client-js'
import jayson from 'jayson/promise/index.js'
import { JSONRPCClient, type JSONRPCResponse } from 'json-rpc-2.0'
import { expect, onTestFinished, test } from 'vitest'
import { startTestServer } from './test-server.ts'

const params = { minuend: 42, subtrahend: 23 }

test('jayson’s client gets results, errors and batches', async () => {
  const { port, hostname } = new URL((await startTestServer()).url)
  const client = jayson.Client.http({ host: hostname, port: Number(port) })
  expect(await client.request('subtract', params)).toMatchObject({ result: 19 })
  expect(await client.request('nope', [])).toMatchObject({ error: { code: -32601 } })
  const batch = [
    client.request('subtract', [42, 23], undefined, false),
    client.request('get_data', [], 'x', false),
  ]
  expect(await client.request(batch)).toMatchObject([{ result: 19 }, { result: ['hello', 5], id: 'x' }])
})

test('json-rpc-2.0 gets results, errors, notifications and batches', async () => {
  const { url } = await startTestServer()
  const client = new JSONRPCClient(async request => {
    const answer = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(request),
    })
    if (answer.status === 200) client.receive((await answer.json()) as JSONRPCResponse)
    else expect(answer.status).toBe(204)
  })
  expect(await client.request('subtract', params)).toBe(19)
  await expect(client.request('refuses', {})).rejects.toMatchObject({ code: 105 })
  client.notify('get_data', [])
  const batch = [
    { jsonrpc: '2.0' as const, method: 'get_data', id: 1 },
    { jsonrpc: '2.0' as const, method: 'subtract', params, id: 2 },
  ]
  expect(await client.requestAdvanced(batch)).toMatchObject([{ result: ['hello', 5] }, { result: 19 }])
})

test.for(['http', 'ws'])('@open-rpc/client-js gets results and errors over %s', async scheme => {
  const url = (await startTestServer()).url.replace('http', scheme)
  const transport = scheme === 'ws' ? new WebSocketTransport(url) : new HTTPTransport(url)
  const client = new Client(new RequestManager([transport]))
  onTestFinished(() => client.close())
  expect(await client.request({ method: 'subtract', params })).toBe(19)
  expect(await client.request({ method: 'get_data', params: [] })).toEqual(['hello', 5])
  await expect(client.request({ method: 'refuses', params: [] })).rejects.toMatchObject({ code: 105 })
})
