import { expect, test } from 'vitest'
import { z } from 'zod'
import { type ErrorName, errorCodes, RpcError } from '../../src/errors.ts'
import { currentBehalf } from '../../src/fairness/behalf.ts'
import { parseJson } from '../../src/json.ts'
import { callAs, invoke } from '../../src/method/invoke.ts'
import type { Method } from '../../src/method/method.ts'
import type { Identity } from '../../src/permission/grant.ts'

const identity: Identity = { tokenKey: 'key', isSuper: false, limits: [] }

const query: Method = {
  name: 'query',
  summary: 'query',
  params: z.strictObject({
    token: z.string().optional(),
    query: z.strictObject({ condition: z.array(z.unknown()) }),
    n: z.number().optional(),
  }),
  result: z.unknown(),
  access: 'token',
  credentialParams: ['token'],
  toleratedMembers: [],
  handle: async ({ params, caller }) => ({ params, caller }),
}

const hello: Method = {
  ...query,
  access: 'public',
  params: z.object({}),
  handle: async ({ caller, params }) => ({ params, caller }),
}

interface Given {
  readonly method?: Method
  readonly bearer?: string
  readonly refuses?: boolean
}

interface Called {
  readonly value: unknown
  readonly credentials: (string | undefined)[]
}

async function call(
  params: unknown,
  { method = query, bearer, refuses = false }: Given = {},
): Promise<Called> {
  const credentials: (string | undefined)[] = []
  const authenticate = async (credential: string | undefined): Promise<Identity> => {
    credentials.push(credential)
    if (refuses) throw new RpcError('permission_denied', 'no')
    return identity
  }
  return { value: await invoke(method, params, { bearer, correlationId: 'test' }, authenticate), credentials }
}

function refusal(name: ErrorName, reason: string, path?: string): object {
  return { code: errorCodes[name], data: path === undefined ? { reason } : { reason, path } }
}

const condition: unknown[] = []

test('parameters by name and by position reach the method alike', async () => {
  const params = { token: 't', query: { condition }, n: 1 }
  const expected = { value: { params, caller: identity }, credentials: ['t'] }
  expect(await call(params)).toEqual(expected)
  expect(await call(['t', { condition }, 1])).toEqual(expected)
})

test('fewer positions leave the last parameters out', async () => {
  expect((await call(['t', { condition }])).value).toMatchObject({
    params: { token: 't', query: { condition } },
  })
})

test('too many positions are refused at the first that has no name', async () => {
  await expect(call(['t', { condition }, 1, 2])).rejects.toMatchObject(
    refusal('invalid_params', 'invalid_params', '[3]'),
  )
})

test('the credential comes from the header when no parameter holds one', async () => {
  expect((await call({ query: { condition } }, { bearer: 'b' })).credentials).toEqual(['b'])
})

test('no credential at all is for the authenticator to refuse', async () => {
  expect((await call({ query: { condition } })).credentials).toEqual([undefined])
})

test('the same credential twice is no conflict, two different ones are', async () => {
  const params = { token: 't', query: { condition } }
  expect((await call(params, { bearer: 't' })).credentials).toEqual(['t'])
  await expect(call(params, { bearer: 'b' })).rejects.toMatchObject(
    refusal('invalid_input', 'credential_conflict', 'token'),
  )
})

test('of several credential parameters the first that is there counts', async () => {
  const params = z.object({ token: z.string(), supertoken: z.string().optional() })
  const method: Method = { ...query, params, credentialParams: ['supertoken', 'token'] }
  expect((await call({ token: 'target', supertoken: 's' }, { method })).credentials).toEqual(['s'])
  expect((await call({ token: 't' }, { method })).credentials).toEqual(['t'])
})

test.for([1, {}, ['t']])('a credential %j is refused before anything else', async token => {
  await expect(call({ token, query: 5 })).rejects.toMatchObject(
    refusal('invalid_params', 'invalid_params', 'token'),
  )
})

test.for([null, ''])('%j in the credential’s place is none', async token => {
  const expected = { value: { params: { query: { condition } }, caller: identity }, credentials: ['b'] }
  expect(await call({ token, query: { condition } }, { bearer: 'b' })).toEqual(expected)
  expect(await call([token, { condition }], { bearer: 'b' })).toEqual(expected)
  expect((await call([token, { condition }])).credentials).toEqual([undefined])
})

test('a caller who is refused learns nothing about the parameters', async () => {
  for (const params of [undefined, {}, { token: 't', query: 5, junk: 1 }, ['t', 5, 5, 5]]) {
    await expect(call(params, { refuses: true })).rejects.toMatchObject(
      refusal('permission_denied', 'permission_denied'),
    )
  }
})

test.for([
  [{ token: 't' }, 'invalid_params', 'query'],
  [{ token: 't', query: { condition: 1 } }, 'invalid_params', 'query.condition'],
  [{ token: 't', query: { condition }, junk: 1 }, 'unknown_member', 'junk'],
  [{ token: 't', query: { condition, junk: 1 } }, 'unknown_member', 'query.junk'],
] as const)('%j is refused with the path of the fault', async ([params, reason, path]) => {
  await expect(call(params)).rejects.toMatchObject(refusal('invalid_params', reason, path))
})

test.for([
  '{"query":{"condition":[]},"__proto__":{"token":"t"}}',
  '{"__proto__":{"query":{"condition":[]}}}',
])('a member __proto__ neither passes nor counts: %s', async text => {
  await expect(call(parseJson(text))).rejects.toMatchObject({ code: errorCodes.invalid_params })
})

test('a credential inherited through __proto__ is none', async () => {
  const method: Method = { ...query, params: z.object({ query: z.unknown() }) }
  const params = parseJson('{"query":1,"__proto__":{"token":"t"}}')
  expect((await call(params, { method })).credentials).toEqual([undefined])
})

test('a number that a double cannot hold is no number parameter', async () => {
  const params = parseJson('{"token":"t","query":{"condition":[]},"n":9007199254740993}')
  await expect(call(params)).rejects.toMatchObject({ data: { path: 'n' } })
})

test.for([undefined, {}, []])(
  'a public method takes the parameters %j and reads no credential',
  async params => {
    expect(await call(params, { method: hello, bearer: 'b' })).toEqual({
      value: { params: {}, caller: undefined },
      credentials: [],
    })
  },
)

test('a credential that a script names is checked on behalf of the script', async () => {
  const checked: (string | undefined)[] = []
  const narrow = async (): Promise<Identity> => {
    checked.push(currentBehalf())
    return identity
  }
  await callAs(async () => identity, [query], 'query', { token: 'a|b', query: { condition: [] } }, { narrow })
  expect(checked).toEqual(['key'])
})
