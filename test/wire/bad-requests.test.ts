import { expect, test } from 'vitest'
import { secrets } from './support/app.ts'
import { openSocket } from './support/socket.ts'
import { expectUntouched } from './support/untouched.ts'
import { describeApps, failure, rpc, type Sent, send } from './support/wire.ts'

const token = secrets.root

/** The text of a request that would delete every record, were it not for what is wrong with it. */
function deleteAll(params = '', members = '"id":1'): string {
  const query = '"query":{"condition":["all"]}'
  return `{"jsonrpc":"2.0","method":"js-result_delete","params":{"token":"${token}",${query}${params}},${members}}`
}

function nested(depth: number): string {
  return '['.repeat(depth) + ']'.repeat(depth)
}

describeApps('bad requests', wire => {
  expectUntouched(wire)

  const exchange = async (sent: Sent) => {
    const { status, body } = await send(wire.app.url, sent)
    return { status, answer: body === '' ? undefined : JSON.parse(body) }
  }

  test.each([
    ['nothing', '', -32700, 'invalid_json'],
    ['half a request', deleteAll().slice(0, -1), -32700, 'invalid_json'],
    ['two requests', deleteAll() + deleteAll(), -32700, 'invalid_json'],
    ['a byte order mark', `\ufeff${deleteAll()}`, -32700, 'invalid_json'],
    ['an empty batch', '[]', -32600, 'invalid_request'],
    ['an id that is an object', deleteAll('', '"id":{}'), -32600, 'invalid_request'],
    ['an id that is a list', deleteAll('', '"id":[1]'), -32600, 'invalid_request'],
    ['an id that is a boolean', deleteAll('', '"id":true'), -32600, 'invalid_request'],
    ['a request under __proto__', `{"__proto__":${deleteAll()}}`, -32600, 'invalid_request'],
    ['101 requests', `[${Array(101).fill(deleteAll())}]`, 110, 'batch_too_large'],
  ])('%s is refused whole, with the id null', async (_what, body, code, reason) => {
    const { status, answer } = await exchange({ body })
    expect(status).toBe(200)
    expect(answer).toEqual(failure(code, reason))
    expect(answer).toHaveProperty('id', null)
    const socket = await openSocket(wire.app.url)
    expect(await socket.ask(body)).toEqual(answer)
    socket.close()
  })

  test.each([
    ['no version', deleteAll().replace('"jsonrpc":"2.0",', ''), -32600, 'invalid_request'],
    ['another version', deleteAll().replace('"2.0"', '"1.0"'), -32600, 'invalid_request'],
    ['a version that is a number', deleteAll().replace('"2.0"', '2.0'), -32600, 'invalid_request'],
    ['a method that is none', deleteAll().replace('"js-result_delete"', '1'), -32600, 'invalid_request'],
    [
      'params that are text',
      `{"jsonrpc":"2.0","method":"js-result_delete","params":"all","id":1}`,
      -32600,
      'invalid_request',
    ],
    [
      'params that are null',
      `{"jsonrpc":"2.0","method":"js-result_delete","params":null,"id":1}`,
      -32600,
      'invalid_request',
    ],
  ])('%s is refused under its id', async (_what, body, code, reason) => {
    const { status, answer } = await exchange({ body })
    expect(status).toBe(200)
    expect(answer).toEqual(failure(code, reason))
    expect(answer).toHaveProperty('id', 1)
  })

  test.each([
    [
      'an unknown method',
      deleteAll().replace('js-result_delete', 'js-result_drop'),
      -32601,
      'method_not_found',
    ],
    ['an inherited name', deleteAll().replace('js-result_delete', 'constructor'), -32601, 'method_not_found'],
    ['65 levels', deleteAll(`,"x":${nested(63)}`), 110, 'too_deep', `x${'[0]'.repeat(62)}`],
    ['100,000 levels', deleteAll(`,"x":${nested(100_000)}`), 110, 'too_deep', `x${'[0]'.repeat(62)}`],
    ['an unknown member', deleteAll(',"force":true'), -32602, 'unknown_member', 'force'],
    [
      'the member __proto__',
      deleteAll(',"__proto__":{"dry_run":false}'),
      -32602,
      'unknown_member',
      '__proto__',
    ],
    ['the member constructor', deleteAll(',"constructor":1'), -32602, 'unknown_member', 'constructor'],
    ['a NUL', deleteAll(',"x":["a\\u0000"]'), -32602, 'nul_character', 'x[0]'],
    ['a lone surrogate', deleteAll(',"x":{"y":"\\ud800"}'), -32602, 'lone_surrogate', 'x.y'],
    ['a NUL in a key', deleteAll(',"x":{"\\u0000":1}'), -32602, 'nul_character', 'x'],
    ['a flag that is text', deleteAll(',"dry_run":"no"'), -32602, 'invalid_params', 'dry_run'],
    ['a negative bound', deleteAll(',"max_affected":-1'), -32602, 'invalid_params', 'max_affected'],
    [
      'a bound that is exceeded',
      deleteAll(',"max_affected":2'),
      108,
      'max_affected_exceeded',
      'max_affected',
    ],
    [
      'a third position',
      `{"jsonrpc":"2.0","method":"js-result_count","params":["${token}",{"condition":[]},1],"id":1}`,
      -32602,
      'invalid_params',
      '[2]',
    ],
  ] as const)('%s is refused with its path and the id', async (_what, body, code, reason, path?: string) => {
    const { status, answer } = await exchange({ body })
    expect(status).toBe(200)
    expect(answer).toEqual(failure(code, reason, path))
    expect(answer).toHaveProperty('id', 1)
    expect((await exchange({ body: `[${body}]` })).answer).toEqual([failure(code, reason)])
  })

  test('64 levels are not too many, and a batch is one of them', async () => {
    const refusal = failure(-32602, 'unknown_member', 'x')
    expect((await exchange({ body: deleteAll(`,"x":${nested(62)}`) })).answer).toEqual(refusal)
    expect((await exchange({ body: `[${deleteAll(`,"x":${nested(61)}`)}]` })).answer).toEqual([refusal])
  })

  test('what is nested in a batch is refused by itself', async () => {
    const body = `[[],[${deleteAll()}],[[]],1,null,"x",${JSON.stringify(rpc('nodeget-server_hello', [], 'x'))}]`
    const { answer } = await exchange({ body })
    const invalid = failure(-32600, 'invalid_request')
    expect(answer.slice(0, 6)).toEqual(Array(6).fill(invalid))
    expect(answer.slice(6)).toEqual([expect.objectContaining({ id: 'x', result: expect.any(String) })])
  })

  test.each([
    'text/plain',
    'text/plain; x=application/json',
    'application/x-www-form-urlencoded',
    'application/jsonx',
    'application/json, text/plain',
    'multipart/form-data; boundary=application/json',
    '',
  ])('the content type %j is refused with 415', async type => {
    const { status, answer } = await exchange({ headers: { 'content-type': type }, body: deleteAll() })
    expect(status).toBe(415)
    expect(answer).toEqual(failure(108, 'unsupported_media_type'))
  })

  test.each([
    [{ host: 'evil.example' }, 'foreign_host'],
    [{ host: 'localhost.evil.example' }, 'foreign_host'],
    [{ host: '127.0.0.1@evil.example' }, 'foreign_host'],
    [{ origin: 'http://evil.example' }, 'foreign_origin'],
    [{ origin: 'null' }, 'foreign_origin'],
  ])('the headers %j are refused with 403, on the upgrade too', async (headers, reason) => {
    const { status, answer } = await exchange({ headers, body: deleteAll() })
    expect(status).toBe(403)
    const setting = reason === 'foreign_host' ? 'DAYBOOK_ALLOWED_HOSTS' : 'DAYBOOK_ALLOWED_ORIGINS'
    expect(answer).toMatchObject({ error: { code: 102, data: { reason, setting } } })
    expect(answer).toHaveProperty('error.message', expect.stringContaining(setting))
    await expect(openSocket(wire.app.url, '/', { headers })).rejects.toThrow('403')
  })

  test.each([{}, { 'transfer-encoding': 'chunked' }])(
    'a body over 1 MiB is refused, sent %j',
    async headers => {
      const body = deleteAll() + ' '.repeat(1024 * 1024)
      const { status, answer } = await exchange({ headers, body })
      expect(status).toBe(413)
      expect(answer).toEqual(failure(110, 'body_too_large'))
    },
  )

  test('other methods and paths are refused', async () => {
    for (const method of ['PUT', 'PATCH']) {
      const { status, answer } = await exchange({ method, body: deleteAll() })
      expect(status).toBe(405)
      expect(answer).toEqual(failure(108, 'method_not_allowed'))
    }
    const { status, answer } = await exchange({ path: '/nodeget', body: deleteAll() })
    expect(status).toBe(404)
    expect(answer).toEqual(failure(105, 'no_such_path'))
  })

  test('a notification that is refused is not answered', async () => {
    const body = deleteAll(',"force":true', '"jsonrpc":"2.0"')
    expect(await exchange({ body })).toEqual({ status: 204, answer: undefined })
    expect(await exchange({ body: `[${body}]` })).toEqual({ status: 204, answer: undefined })
  })
})
