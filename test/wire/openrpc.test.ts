import { request } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { resources } from '../../src/resource/kind/index.ts'
import { badConditions } from './bad-conditions.ts'
import { methodCases, prepareCases } from './method-cases.ts'
import { documentedDeletes, documentedQueries } from './nodeget-js-result-requests.ts'
import { readExamples } from './readme-examples.ts'
import { secrets, startTestApp, type TestApp } from './support/app.ts'
import { type OpenRpcDocument, type OpenRpcExample, openRpcLibrary } from './support/openrpc-library.ts'
import { overSocket } from './support/socket-wire.ts'
import { createWire, rpc, type Sent, send } from './support/wire.ts'

const { MethodCallValidator, parseOpenRPCDocument, validateOpenRPCDocument } = openRpcLibrary
const token = secrets.root

let app: TestApp
let document: OpenRpcDocument
/** As a generator of clients reads it: no reference is left. */
let resolved: OpenRpcDocument
let calls: InstanceType<typeof MethodCallValidator>
let results: InstanceType<typeof MethodCallValidator>

const wire = createWire(() => app)

beforeAll(async () => {
  app = await startTestApp('postgres')
  document = await wire.result<OpenRpcDocument>('rpc.discover')
  resolved = await parseOpenRPCDocument(structuredClone(document))
  calls = new MethodCallValidator(resolved)
  results = resultValidator()
})

afterAll(() => app.close())

/** Needed only where another member, which these calls do not have, is left out as well. */
function isEitherOr(method: string, member: string): boolean {
  return (
    member === 'result' || method === 'retention_preview' || (method === 'event_send' && member === 'sender')
  )
}

/** Checks results as if each were the one parameter of its method: the library only checks calls. */
function resultValidator(): InstanceType<typeof MethodCallValidator> {
  const methods = resolved.methods.map(({ name, result, examples }) => ({
    name,
    examples,
    params: [{ ...result, required: true }],
    result,
  }))
  return new MethodCallValidator({ ...resolved, methods })
}

test('the README’s examples fit the document, and are answered as it shows', async () => {
  const examples = readExamples(token)
  expect(examples.length).toBeGreaterThan(1)
  for (const { request, answer } of examples) {
    expect(calls.validate(request.method, request.params)).toEqual([])
    expect(await wire.ask(request)).toEqual(answer)
  }
})

test('it holds what a subscription pushes, with every kind of it', () => {
  const subscribing = document.methods.filter(({ name }) => name.endsWith('_subscribe'))
  expect(subscribing).toHaveLength(resources.length)
  for (const { name, ...method } of subscribing) {
    const pushed = (method as { 'x-notification'?: { name: string; params: object } })['x-notification']
    expect(pushed?.name).toBe(name.replace('_subscribe', '_subscription'))
    const kinds = [...JSON.stringify(pushed?.params).matchAll(/"const":"(\w+)"/g)].map(([, kind]) => kind)
    expect(kinds).toEqual(expect.arrayContaining(['start', 'row', 'heartbeat', 'end']))
    expect(kinds.includes('envelope')).toBe(name.startsWith('change-event'))
  }
})

test('it holds of each kind of record what no schema says, with members that its rows have', () => {
  const shapes = resolved.methods.flatMap(method => {
    const { 'x-records': shape, result } = method as {
      'x-records'?: { resource: string; key: string; newest_by: string; named_by: string; is_run: boolean }
      result?: { schema?: { items?: { properties?: object } } }
    }
    return shape === undefined ? [] : [{ ...shape, members: result?.schema?.items?.properties ?? {} }]
  })
  expect(shapes.map(({ resource }) => resource)).toEqual(resources.map(({ name }) => name))
  for (const { key, newest_by: order, named_by: name, members } of shapes) {
    expect(Object.keys(members)).toEqual(expect.arrayContaining([key, order, name]))
  }
  expect(shapes.filter(shape => shape.is_run).map(({ resource }) => resource)).toEqual([
    'js-result',
    'event-log',
  ])
})

test('the document is valid OpenRPC, and refers to nothing outside of itself', () => {
  expect(validateOpenRPCDocument(document)).toBe(true)
  const references = JSON.stringify(document).match(/"\$(?:ref|schema|id)":"[^"]*"/g) ?? []
  expect(references.filter(reference => !reference.includes(':"#/'))).toEqual([])
  expect(JSON.stringify(resolved)).not.toContain('"$ref"')
})

test('its own validator takes a call whose credential is in the header, by name and by position', () => {
  for (const params of [{ query: { condition: [] } }, [null, { condition: [] }], ['', { condition: [] }]]) {
    expect(calls.validate('js-result_query', params)).toEqual([])
  }
})

test('required parameters stand before optional ones, the credential aside', () => {
  for (const { name, params } of document.methods) {
    const required = params.filter(param => param.name !== 'token').map(param => param.required)
    expect(required, name).toEqual(required.toSorted((a, b) => Number(b) - Number(a)))
  }
})

test('every method has a tag, and what several share is there once', () => {
  for (const { name, tags } of document.methods) {
    expect(tags?.map(tag => name.startsWith(tag.name))).toEqual([true])
  }
  const shared = Object.keys(document.components.schemas)
  expect(shared).toEqual(
    expect.arrayContaining(['js-result_row', 'js-result_query', 'token_limit', 'js-worker']),
  )
  expect(shared.filter(name => JSON.stringify(document).split(`schemas/${name}"`).length < 2)).toEqual([])
})

test('every method has an example, which fits its parameters and its result', () => {
  expect(document.methods.filter(({ examples }) => examples.length === 0)).toEqual([])
  const faults = resolved.methods.flatMap(({ name, examples }) =>
    examples.flatMap(example => [
      ...faultsOf(calls.validate(name, paramsOf(example))),
      ...faultsOf(results.validate(name, { result: example.result.value })),
    ]),
  )
  expect(faults).toEqual([])
})

function faultsOf(found: unknown): readonly string[] {
  return (found as readonly Error[]).map(({ message }) => message.slice(0, 300))
}

test('the server takes every example: what it answers is a result, or an error about what is not there', async () => {
  const wrong: unknown[] = []
  for (const { name, examples } of document.methods) {
    for (const example of examples) {
      const answer = await wire.ask(rpc(name, paramsOf(example)), { authorization: `Bearer ${token}` })
      const { error } = answer as { error?: { code: number; data: { reason: string } } }
      const isFine = error === undefined || error.code === 105 || excused.has(error.data.reason)
      if (!isFine) wrong.push([name, error])
    }
  }
  expect(wrong).toEqual([])
})

/** Nothing is wrong with the call: it needs a WebSocket, or what the example before has made or not; or nobody may. */
const excused = new Set(['websocket_required', 'lease_lost', 'row_conflict', 'append_only'])

function paramsOf({ params }: OpenRpcExample): Readonly<Record<string, unknown>> {
  return Object.fromEntries(params.map(({ name, value }) => [name, value]))
}

test('rpc.discover and GET /openrpc.json are the same, and need no credential', async () => {
  const { status, headers, body } = await send(app.url, { path: '/openrpc.json', method: 'GET' })
  expect(status).toBe(200)
  expect(headers['content-type']).toMatch(/^application\/json/)
  expect(JSON.parse(body)).toEqual(document)
  expect(await wire.ask({ jsonrpc: '2.0', method: 'rpc.discover', id: 1 })).toMatchObject({
    result: document,
  })
})

test.each([
  ['gzip', 'gzip', gunzipSync],
  ['gzip, deflate', 'gzip', gunzipSync],
  ['br;q=0, *;q=0.1', 'gzip', gunzipSync],
] as const)('is compressed for a client that accepts %s', async (accepted, coding, decompress) => {
  const headers = { 'accept-encoding': accepted }
  const got = await receive({ method: 'GET', path: '/openrpc.json', headers })
  const asked = await receive({ headers, body: JSON.stringify(rpc('rpc.discover', undefined, 'the id')) })
  for (const { headers } of [got, asked]) {
    expect(headers).toMatchObject({
      'content-encoding': coding,
      vary: expect.stringMatching(/accept-encoding/i),
    })
  }
  expect(JSON.parse(decompress(got.body).toString())).toEqual(document)
  expect(JSON.parse(decompress(asked.body).toString())).toEqual({
    jsonrpc: '2.0',
    id: 'the id',
    result: document,
  })
  expect(got.body.length).toBeLessThan(JSON.stringify(document).length / 4)
})

test.each(['identity', 'br;q=0, gzip;q=0.0', 'br;q=0, *;q=0'])(
  'is plain for a client that accepts %s',
  async accepted => {
    const got = await receive({
      method: 'GET',
      path: '/openrpc.json',
      headers: { 'accept-encoding': accepted },
    })
    expect(got.headers['content-encoding']).toBeUndefined()
    expect(JSON.parse(got.body.toString())).toEqual(document)
  },
)

test('the document alone comes in brotli: an answer that holds it is made each time', async () => {
  const headers = { 'accept-encoding': 'gzip, br' }
  const got = await receive({ method: 'GET', path: '/openrpc.json', headers })
  expect(got.headers['content-encoding']).toBe('br')
  expect(JSON.parse(brotliDecompressSync(got.body).toString())).toEqual(document)
  const asked = await receive({ headers, body: JSON.stringify(rpc('rpc.discover', undefined, '€')) })
  expect(asked.headers['content-encoding']).toBe('gzip')
  expect(JSON.parse(gunzipSync(asked.body).toString())).toMatchObject({ id: '€', result: document })
})

test('a batch holds one call of rpc.discover, compressed too; another one is refused', async () => {
  const hello = rpc('nodeget-server_hello', {}, 2)
  const batch = [rpc('rpc.discover', {}, 1), hello, rpc('rpc.discover', {}, 3)]
  const asked = await receive({ headers: { 'accept-encoding': 'gzip' }, body: JSON.stringify(batch) })
  expect(JSON.parse(gunzipSync(asked.body).toString())).toMatchObject([
    { id: 1, result: document },
    { id: 2, result: 'NodeGet Server Is Running!' },
    { id: 3, error: { code: 110, data: { reason: 'batch_too_costly', retryable: false } } },
  ])
})

test('an answer with records is not compressed, whatever the client accepts', async () => {
  const body = JSON.stringify(rpc('js-result_query', { token, query: { condition: [] } }))
  const got = await receive({ headers: { 'accept-encoding': 'gzip' }, body })
  expect(got.headers['content-encoding']).toBeUndefined()
})

/** One exchange, its body as it came. */
function receive({
  path = '/',
  method = 'POST',
  headers,
  body,
}: Sent): Promise<{ headers: object & { [name: string]: unknown }; body: Buffer }> {
  return new Promise((resolve, reject) => {
    const all = { 'content-type': 'application/json', ...headers }
    const sent = request(`${app.url}${path}`, { method, headers: all, agent: false }, answer => {
      buffer(answer).then(body => resolve({ headers: answer.headers, body }), reject)
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

test('it lists every method, and only methods that there are', async () => {
  const listed = document.methods.map(method => method.name)
  expect(listed.toSorted()).toEqual(methodCases.map(({ method }) => method).toSorted())
  for (const name of listed) {
    const answer = await wire.call(name, { token: '' })
    expect(answer).not.toMatchObject({ error: { code: -32601 } })
  }
})

test('NodeGet’s documented requests fit the document', () => {
  for (const { method, condition } of [...documentedQueries, ...documentedDeletes]) {
    expect(calls.validate(method, { token, query: { condition } })).toEqual([])
    expect(calls.validate(method, [token, { condition }])).toEqual([])
  }
})

test('a condition that the server refuses does not fit, unless only the server can tell', () => {
  const isNested = /\.(?:or|and|not)\b|\[[1-9]/
  for (const [json] of badConditions.filter(([, , path]) => !isNested.test(path))) {
    const query = JSON.parse(`{"condition":[${json}]}`)
    expect(calls.validate('js-result_delete', { token, query }), json).not.toEqual([])
  }
})

describe('the method cases', () => {
  beforeAll(() => prepareCases(wire))

  test.each(methodCases.filter(({ refused }) => refused === undefined))(
    'a good call of $method fits its parameters, and the answer its result',
    async ({ method, over, params }) => {
      const its = over === 'WebSocket' ? await overSocket(wire) : wire
      const given = { token, ...(await params(its)) }
      expect(calls.validate(method, given)).toEqual([])
      const result = await its.result(method, given)
      expect(results.validate(method, { result })).toEqual([])
    },
  )

  test('what is answered with wait_ms or to several events fits its result too', async () => {
    const event = { sender: 'case_sender', kwargs: [1] }
    const given = [
      ['event_send', { ...event, wait_ms: 1 }],
      ['event_send', { sender: 'nobody' }],
      ['event_send', { events: [event, { sender: 'nobody' }], wait_ms: 0 }],
      ['js-worker_run', { js_script_name: 'case_worker', wait_ms: 60_000 }],
      ['js-worker_get_rt_pool', {}],
      ['event-log_cancel', { query: { condition: ['is_running'] }, dry_run: true }],
      ['event-log_replay', { query: { condition: [{ sender: 'case_sender' }] }, dry_run: true }],
      ['event-log_cancel', { query: { condition: [{ sender: 'case_sender' }] } }],
      ['event-log_chain', { request_id: 'nobody' }],
    ] as const
    for (const [method, params] of given) {
      expect(calls.validate(method, { token, ...params })).toEqual([])
      const result = await wire.result(method, params)
      expect(results.validate(method, { result }), JSON.stringify(result)).toEqual([])
    }
  })

  test('a call without what is required does not fit', async () => {
    for (const { method, over, params, malformed } of methodCases) {
      const good = await params(over === 'WebSocket' ? await overSocket(wire) : wire)
      const missing = malformed.flatMap(([change]) =>
        Object.keys(change).filter(member => change[member] === undefined),
      )
      for (const member of missing.filter(member => !isEitherOr(method, member))) {
        const errors = calls.validate(method, { token, ...good, [member]: undefined })
        expect(errors, `${method} without ${member}`).not.toEqual([])
      }
    }
  })
})
