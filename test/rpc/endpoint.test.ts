import { expect, test } from 'vitest'
import { ask, createTestDoor, testContext } from '../http/test-server.ts'

function call(method: string, params?: unknown, id: unknown = 1): object {
  return { jsonrpc: '2.0', method, params, id }
}

function nested(depth: number): string {
  return '['.repeat(depth) + ']'.repeat(depth)
}

test.for([
  'null',
  '"text"',
  '""',
  '"\\ud800"',
  '0',
  '-1',
  '1.5',
  '9007199254740993',
  '-123456789012345678901234567890',
  '1e400',
])('the id %s comes back as it was sent', async id => {
  const { door } = createTestDoor()
  const answer = await door.answer(`{"jsonrpc":"2.0","method":"get_data","id":${id}}`, testContext)
  expect(answer).toBe(`{"jsonrpc":"2.0","result":["hello",5],"id":${id}}`)
})

test.for(['{}', '[]', '[1]', 'true', 'false', '{"rawJSON":"1"}'])('the id %s is refused', async id => {
  expect(await ask(`{"jsonrpc":"2.0","method":"get_data","id":${id}}`)).toMatchObject({
    error: { code: -32600, data: { reason: 'invalid_request' } },
    id: null,
  })
})

test.for([
  '{"jsonrpc":"1.0","method":"get_data"}',
  '{"jsonrpc":"2.0"}',
  '{"jsonrpc":"2.0","method":"get_data","params":null}',
  '{"__proto__":{"jsonrpc":"2.0","method":"get_data","id":1}}',
  '{}',
  'null',
  'true',
  '1e400',
  '"text"',
])('the body %s, which has no id, is an invalid request', async body => {
  expect(await ask(body)).toMatchObject({ error: { code: -32600 }, id: null })
})

test.for([
  '{"method":"get_data","id":1}',
  '{"jsonrpc":"1.0","method":"get_data","id":1}',
  '{"jsonrpc":2.0,"method":"get_data","id":1}',
  '{"jsonrpc":"2.0","id":1}',
  '{"jsonrpc":"2.0","method":null,"id":1}',
  '{"jsonrpc":"2.0","method":"get_data","params":null,"id":1}',
  '{"jsonrpc":"2.0","method":"get_data","params":"x","id":1}',
  '{"jsonrpc":"2.0","method":"get_data","params":1e400,"id":1}',
])('the body %s is an invalid request, answered under its id', async body => {
  expect(await ask(body)).toMatchObject({ error: { code: -32600 }, id: 1 })
})

test('an id of an invalid request comes back as it was sent', async () => {
  for (const id of ['"a"', '0', 'null', '9007199254740993']) {
    const answer = await createTestDoor().door.answer(`{"jsonrpc":"1.0","id":${id}}`, testContext)
    expect(answer).toMatch(new RegExp(`"id":${id}}$`))
  }
})

test.for(['', ' ', '{', '[1,]', '{"a":1}x', "{'a':1}", 'NaN', '\ufeff{}'])(
  'the body %j is a parse error',
  async body => {
    expect(await ask(body)).toMatchObject({ error: { code: -32700 }, id: null })
  },
)

test('a body that is not UTF-8 is a parse error', async () => {
  const body = Buffer.concat([
    Buffer.from('{"jsonrpc":"2.0","method":"'),
    Buffer.from([0xff]),
    Buffer.from('"}'),
  ])
  expect(await ask(body)).toMatchObject({
    error: { code: -32700, data: { reason: 'invalid_utf8' } },
    id: null,
  })
})

test('members that are none of the request object are ignored', async () => {
  expect(await ask({ ...call('get_data'), trace: [1], __proto: 2 })).toMatchObject({ result: ['hello', 5] })
})

test.for(['__proto__', 'constructor', 'toString', 'rpc.', 'rpc.discover', 'hasOwnProperty', ''])(
  'the method %j is not found',
  async method => {
    expect(await ask(call(method))).toMatchObject({ error: { code: -32601 }, id: 1 })
  },
)

test('a body nests to the limit and not beyond', async () => {
  const body = (depth: number) =>
    `{"jsonrpc":"2.0","method":"echo","params":{"a":${nested(depth - 2)}},"id":7}`
  expect(await ask(body(64))).toHaveProperty('result')
  expect(await ask(body(65))).toMatchObject({ error: { code: 110, data: { reason: 'too_deep' } }, id: 7 })
  expect(await ask(body(100_000))).toMatchObject({ error: { code: 110 }, id: 7 })
})

test('a batch counts as one level of nesting', async () => {
  const body = (depth: number) =>
    `[{"jsonrpc":"2.0","method":"echo","params":{"a":${nested(depth - 3)}},"id":7}]`
  expect(await ask(body(64))).toMatchObject([{ result: {} }])
  expect(await ask(body(65))).toMatchObject([{ error: { code: 110 }, id: 7 }])
})

test('a nest of 100,000 arrays is answered', async () => {
  expect(await ask(nested(100_000))).toMatchObject([{ error: { code: -32600 }, id: null }])
})

test.for([
  ['{"rows":[{"param":{"x":"a\\u0000b"}}]}', 'rows[0].param.x', 'nul_character'],
  ['{"rows":[{"param":{"x":"\\ud800"}}]}', 'rows[0].param.x', 'lone_surrogate'],
  ['["ok","\\udfff"]', '[1]', 'lone_surrogate'],
] as const)('what the database cannot keep is refused with its path: %s', async ([params, path, reason]) => {
  expect(await ask(`{"jsonrpc":"2.0","method":"echo","params":${params},"id":"x"}`)).toMatchObject({
    error: { code: -32602, data: { path, reason } },
    id: 'x',
  })
})

test('a surrogate pair is no fault', async () => {
  const answer = await ask('{"jsonrpc":"2.0","method":"echo","params":["\\ud83d\\ude00"],"id":1}')
  expect(answer).toMatchObject({ result: { a: '😀' } })
})

test('a number beyond 2^53 goes through a method unchanged', async () => {
  const { door } = createTestDoor()
  const body = '{"jsonrpc":"2.0","method":"echo","params":{"a":9007199254740993,"b":[1e400]},"id":1}'
  const answer = await door.answer(body, testContext)
  expect(answer).toBe('{"jsonrpc":"2.0","result":{"a":9007199254740993,"b":[1e400]},"id":1}')
})

test('numbers and ids of a batch are each as they were sent, by name and by position', async () => {
  const { door } = createTestDoor()
  const body = `[{"id":1e400,"jsonrpc":"2.0","method":"echo","params":{"a":1,"a":9007199254740993}},
    {"jsonrpc":"2.0","method":"echo","params":[1e400,{"id":1e401,"b":"1e402"}],"\\u0069d":9007199254740993},
    {"jsonrpc":"2.0","method":"echo","params":[],"id":3}]`
  expect(await door.answer(body, testContext)).toBe(
    '[{"jsonrpc":"2.0","result":{"a":9007199254740993},"id":1e400},' +
      '{"jsonrpc":"2.0","result":{"a":1e400,"b":{"id":1e401,"b":"1e402"}},"id":9007199254740993},' +
      '{"jsonrpc":"2.0","result":{},"id":3}]',
  )
})

test.for([
  ['"n":1e2000', { code: -32602 }],
  [`"x":${nested(100)}`, { code: 110, data: { reason: 'too_deep' } }],
  ['"x":"\\u0000"', { code: -32602, data: { reason: 'nul_character' } }],
] as const)('%s is looked at once the caller is known', async ([member, fault]) => {
  const body = (token: string) =>
    `{"jsonrpc":"2.0","method":"whoami","params":{"token":"${token}",${member}},"id":1}`
  expect(await ask(body('good:secret'))).toMatchObject({ error: fault, id: 1 })
  expect(await ask(body('wrong:secret'))).toMatchObject({ error: { code: 102 }, id: 1 })
})

test('a result that is JSON text already is spliced in untouched', async () => {
  const { door } = createTestDoor()
  const answer = await door.answer(JSON.stringify(call('raw')), testContext)
  expect(answer).toBe('{"jsonrpc":"2.0","result":{"n": 9007199254740993},"id":1}')
})

test('a notification is run, and answered by nothing even when it fails', async () => {
  const { door, log } = createTestDoor()
  expect(await door.answer('{"jsonrpc":"2.0","method":"throws"}', testContext)).toBeUndefined()
  expect(log).toHaveLength(1)
  const deep = `{"jsonrpc":"2.0","method":"echo","params":${nested(70)}}`
  expect(await door.answer(deep, testContext)).toBeUndefined()
})

test('an answer over the limit becomes a named error', async () => {
  const env = { DAYBOOK_MAX_ANSWER_BYTES: '2000' }
  expect(await ask(call('big', [1900]), { env })).toHaveProperty('result')
  expect(await ask(call('big', [2000]), { env })).toMatchObject({
    error: { code: 110, data: { reason: 'answer_too_large' } },
    id: 1,
  })
})

test('the limit of an answer counts bytes, not characters', async () => {
  const env = { DAYBOOK_MAX_ANSWER_BYTES: '2000' }
  expect(await ask(call('echo', ['€'.repeat(600)]), { env })).toHaveProperty('result')
  expect(await ask(call('echo', ['€'.repeat(700)]), { env })).toMatchObject({ error: { code: 110 } })
})

test('requests are counted by method and code, unknown methods under one name', async () => {
  const { door, metrics } = createTestDoor()
  for (const method of ['get_data', 'refuses', 'nope', 'nope2']) {
    await door.answer(JSON.stringify(call(method)), testContext)
  }
  await door.answer('{', testContext)
  const text = await metrics.render()
  expect(text).toContain('daybook_requests_total{method="get_data",code="ok"} 1')
  expect(text).toContain('daybook_requests_total{method="refuses",code="105"} 1')
  expect(text).toContain('daybook_requests_total{method="unknown",code="-32601"} 2')
  expect(text).toContain('daybook_requests_total{method="unknown",code="-32700"} 1')
})
