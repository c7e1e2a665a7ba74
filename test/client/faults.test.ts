import { afterEach, describe, expect, test } from 'vitest'
import { createClient, DaybookConnectionError, DaybookError } from '../../src/client/client.ts'
import { type Answer, type ScriptedServer, startScriptedServer } from './scripted-server.ts'

let server: ScriptedServer | undefined

afterEach(async () => {
  await server?.close()
  server = undefined
})

async function callAgainst(answer: Answer | undefined, timeoutMs = 10_000): Promise<unknown> {
  server = await startScriptedServer(() => answer)
  const client = createClient({ url: server.url, token: 'key:secret', timeoutMs })
  return client.call('js-result_count', { query: { condition: [] } }).catch((error: unknown) => error)
}

describe('a server that refuses', () => {
  test('throws its code, reason, path and data as a DaybookError', async () => {
    const data = { reason: 'wrong_type', path: 'query.condition[0].limit', hint: 'x' }
    const error = { code: -32602, message: 'no', data }
    expect(await callAgainst({ body: JSON.stringify({ jsonrpc: '2.0', id: 1, error }) })).toMatchObject({
      name: 'DaybookError',
      code: -32602,
      reason: 'wrong_type',
      path: 'query.condition[0].limit',
      retryable: false,
      data,
    })
  })

  test('says whether the same request may succeed later', async () => {
    const error = { code: 110, message: 'busy', data: { reason: 'over_limit', retryable: true } }
    expect(await callAgainst({ body: JSON.stringify({ jsonrpc: '2.0', id: 1, error }) })).toMatchObject({
      retryable: true,
    })
  })

  test('is understood without data, as other JSON-RPC servers answer', async () => {
    const error = { code: -32601, message: 'no such method' }
    const thrown = await callAgainst({ body: JSON.stringify({ jsonrpc: '2.0', id: 1, error }) })
    expect(thrown).toBeInstanceOf(DaybookError)
    expect(thrown).toMatchObject({ code: -32601, reason: 'unknown', path: undefined })
  })
})

describe('an answer that is none', () => {
  test.each<[string, Answer]>([
    ['a page of a proxy', { status: 502, body: '<html>Bad Gateway</html>' }],
    ['an empty body', { status: 200, body: '' }],
    ['JSON that is no JSON-RPC', { status: 200, body: '{"ok":true}' }],
    ['an answer to another request', { status: 200, body: '{"jsonrpc":"2.0","id":77,"result":1}' }],
    ['an error that is a word', { status: 200, body: '{"jsonrpc":"2.0","id":1,"error":"no"}' }],
  ])('is a DaybookConnectionError with the HTTP status: %s', async (_name, answer) => {
    const thrown = await callAgainst(answer)
    expect(thrown).toBeInstanceOf(DaybookConnectionError)
    expect(thrown).toMatchObject({ status: answer.status })
  })

  test('is a DaybookConnectionError without a status when nobody listens', async () => {
    server = await startScriptedServer(() => undefined)
    const { url } = server
    await server.close()
    const client = createClient({ url })
    await expect(client.count('js-result', [])).rejects.toMatchObject({
      name: 'DaybookConnectionError',
      status: undefined,
    })
  })

  test('is a DaybookConnectionError when it does not come in time', async () => {
    expect(await callAgainst(undefined, 50)).toBeInstanceOf(DaybookConnectionError)
  })
})

test('no error carries the credential', async () => {
  const thrown = await callAgainst({ status: 403, body: 'forbidden' })
  expect(JSON.stringify(thrown, Object.getOwnPropertyNames(thrown))).not.toContain('secret')
})

describe('an export that its caller ends', () => {
  test('has the reason of the signal as its cause', async () => {
    server = await startScriptedServer(() => undefined)
    const client = createClient({ url: server.url, token: 'key:secret' })
    const cause = new Error('the file was closed')
    const ending = new AbortController()
    const reading = client.export('js-result', [], { signal: ending.signal }).next()
    ending.abort(cause)
    const thrown = await reading.catch((error: unknown) => error)
    expect(thrown).toBeInstanceOf(DaybookConnectionError)
    expect(thrown).toMatchObject({ cause })
  })
})

test('a call whose signal is aborted rejects at once, with the reason as the cause', async () => {
  server = await startScriptedServer(() => undefined)
  const leaving = new AbortController()
  const client = createClient({ url: server.url, token: 'key:secret' })
  const thrown = client
    .call('js-result_count', { query: { condition: [] } }, { signal: leaving.signal })
    .catch((error: unknown) => error)
  const reason = new Error('the page was left')
  leaving.abort(reason)
  expect(await thrown).toBeInstanceOf(DaybookConnectionError)
  expect(await thrown).toMatchObject({ cause: reason })
})
