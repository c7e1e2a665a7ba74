import { expect, test } from 'vitest'
import { hasRepeatedCredential } from '../../src/rpc/repeated-credential.ts'
import { ask } from '../http/test-server.ts'

function isRepeated(text: string): boolean {
  JSON.parse(text)
  return hasRepeatedCredential(text)
}

test.for([
  '{"token":"a","token":"b"}',
  '{"token":"a","token":"a"}',
  '{"params":{"token" :"a","x":[{"token":1}],"token"\n:"b"}}',
  '{"token":"a","to\\u006ben":"b"}',
  '{"\\u0074oken":"a","token":"b"}',
  '{"supertoken":"a","token":"b","supertoken":"c"}',
  '[{"token":"a"},{"token":"b","token":"c"}]',
  `{"token":"a","token":"b","x":${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
])('%.60s holds a credential twice', text => {
  expect(isRepeated(text)).toBe(true)
})

test.for([
  '{"token":"a"}',
  '[{"token":"a"},{"token":"b"}]',
  '{"token":"a","supertoken":"b","kwargs":{"token":"c"}}',
  '{"token":"\\"token\\":","x":"\\"token\\":"}',
  '{"token":"a","x":"\\\\u0074oken\\":"}',
  '{"token":"token","x":["token","token"]}',
  '{"x":1,"x":2}',
])('%.60s does not', text => {
  expect(isRepeated(text)).toBe(false)
})

test('a request with a credential twice is refused under its id, and so is a batch that has one', async () => {
  const request = (id: number, params: string) =>
    `{"jsonrpc":"2.0","id":${id},"method":"whoami","params":{${params}}}`
  const refusal = (id: number) => ({
    id,
    error: { code: -32602, data: { reason: 'repeated_member', path: 'token' } },
  })
  const twice = '"token":"good:secret","token":"good:secret"'
  expect(await ask(request(1, twice))).toMatchObject(refusal(1))
  const once = '"token":"good:secret"'
  expect(await ask(`[${request(1, once)},${request(2, once)}]`)).toMatchObject([
    { result: {} },
    { result: {} },
  ])
  expect(await ask(`[${request(1, once)},${request(2, twice)}]`)).toMatchObject([refusal(1), refusal(2)])
})
