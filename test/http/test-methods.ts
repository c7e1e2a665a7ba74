import { z } from 'zod'
import { RpcError } from '../../src/errors.ts'
import { JsonText } from '../../src/json.ts'
import type { Method } from '../../src/method/method.ts'
import type { Identity } from '../../src/permission/grant.ts'

/** A throw-away method; public, with parameters `a` and `b` that may be anything, unless `parts` says otherwise. */
export function testMethod(
  name: string,
  handle: Method['handle'],
  parts: Partial<Omit<Method, 'name' | 'handle'>> = {},
): Method {
  return {
    name,
    summary: name,
    params: z.object({ a: z.unknown(), b: z.unknown() }).partial(),
    result: z.unknown(),
    access: 'public',
    credentialParams: ['token'],
    toleratedMembers: [],
    handle,
    ...parts,
  }
}

const pair = z.object({ minuend: z.number(), subtrahend: z.number() })
const tokenParams = z.strictObject({ token: z.string().optional(), n: z.number().optional() })

/** What the examples of the JSON-RPC 2.0 specification call, and handlers that misbehave. */
export const testMethods: readonly Method[] = [
  testMethod(
    'subtract',
    async ({ params }) => {
      const { minuend, subtrahend } = params as z.infer<typeof pair>
      return minuend - subtrahend
    },
    { params: pair },
  ),
  testMethod('sum', async ({ params }) => Object.values(params as object).reduce((sum, n) => sum + n, 0), {
    params: z.object({ a: z.number(), b: z.number(), c: z.number() }),
  }),
  testMethod('update', async () => null, { params: z.object({}).loose() }),
  testMethod('notify_hello', async () => null),
  testMethod('notify_sum', async () => null),
  testMethod('get_data', async () => ['hello', 5], { params: z.object({}) }),
  testMethod('echo', async ({ params }) => params),
  testMethod('raw', async () => new JsonText('{"n": 9007199254740993}')),
  testMethod('whoami', async ({ caller }) => ({ token_key: caller?.tokenKey }), {
    access: 'token',
    params: tokenParams,
  }),
  testMethod('context', async ({ context }) => context),
  testMethod('big', async ({ params }) => 'x'.repeat(Number((params as { a: number }).a))),
  testMethod('undefined', async () => undefined),
  testMethod('throws', () => {
    throw new Error('select secret from vault')
  }),
  testMethod('rejects_with_code', () =>
    Promise.reject(Object.assign(new Error('leak'), { code: 42, data: { leak: 1 }, detail: 'leak' })),
  ),
  testMethod('rejects_with_nothing', () => Promise.reject(undefined)),
  testMethod('bigint', async () => ({ n: 1n })),
  testMethod('refuses', async () => {
    throw new RpcError('record_not_found', 'no such thing', { path: 'thing' })
  }),
  testMethod('refuses_unwritably', async () => {
    throw new RpcError('script_error', 'x', { n: 1n })
  }),
  testMethod('database_fault', async () => {
    const error = new RpcError('connection_lost', 'the database failed')
    error.cause = new Error('relation "vault" does not exist')
    throw error
  }),
]

/** Knows the credential `good:secret` only. */
export async function testAuthenticate(credential: string | undefined): Promise<Identity> {
  if (credential === undefined) {
    throw new RpcError('credential_required', 'a credential is required')
  }
  if (credential !== 'good:secret') {
    throw new RpcError('permission_denied', 'permission denied')
  }
  return { tokenKey: 'good', isSuper: false, limits: [] }
}
