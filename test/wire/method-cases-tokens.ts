import { expect } from 'vitest'
import type { MethodCase } from './method-case.ts'
import { jsLimit, type Wire } from './support/wire.ts'

const count = expect.any(Number)
const text = expect.any(String)
const tokenInfo = {
  version: 1,
  token_key: expect.stringMatching(/^\w{16}$/),
  timestamp_from: null,
  timestamp_to: null,
  token_limit: expect.any(Array),
  username: expect.toBeOneOf([null, text]),
}
const keyAndSecret = {
  key: expect.stringMatching(/^\w{16}$/),
  secret: expect.stringMatching(/^\w{32}$/),
}

const limits = [jsLimit('case_*', { read: '*' })]
const caseUser = 'case_user'

/** Makes what the cases call; once before they are run. */
export async function prepareTokenCases(wire: Wire): Promise<void> {
  await wire.token([], { username: caseUser, password: 'the password' })
}

async function newTarget(wire: Wire): Promise<{ readonly target_token: string }> {
  return { target_token: (await wire.token(limits)).slice(0, 16) }
}

const target: MethodCase['malformed'] = [
  [{ target_token: undefined }, 'target_token'],
  [{ target_token: 1 }, 'target_token'],
  [{ target_token: '' }, 'target_token', 108],
  [{ target_token: 'nobody' }, 'target_token', 105],
]

/** The methods of tokens. */
export const tokenCases: readonly MethodCase[] = [
  {
    method: 'token_create',
    access: 'super',
    params: () => ({ token_creation: { token_limit: limits } }),
    result: keyAndSecret,
    malformed: [
      [{ token_creation: undefined }, 'token_creation'],
      [{ token_creation: {} }, 'token_creation.token_limit'],
      [{ token_creation: { token_limit: [], note: 1 } }, 'token_creation.note'],
      [{ token_creation: { token_limit: [], username: 'x' } }, 'token_creation.password'],
      [
        { token_creation: { token_limit: [], username: 'x', password: 'short' } },
        'token_creation.password',
        108,
      ],
      [
        { token_creation: { token_limit: [], username: 'root', password: 'long enough' } },
        'token_creation.username',
        109,
      ],
    ],
  },
  {
    method: 'token_get',
    access: 'own',
    params: () => ({}),
    result: tokenInfo,
    malformed: [[{ supertoken: 1 }, 'supertoken']],
  },
  {
    method: 'token_list_all_tokens',
    access: 'super',
    params: () => ({}),
    result: { tokens: expect.arrayContaining([tokenInfo]) },
    malformed: [[{ token: 1 }, 'token']],
  },
  {
    method: 'token_explain',
    access: 'own',
    params: () => ({ scope: { js_worker: 'a' }, permission: { js_result: { read: 'a' } } }),
    result: { allowed: true, limit_index: null, because: 'super_token' },
    malformed: [
      [{ scope: undefined }, 'scope'],
      [{ scope: { js_worker: 1 } }, 'scope.js_worker'],
      [{ permission: { js_result: { read: 'a*b' } } }, 'permission.js_result.read'],
      [{ target_token: '' }, 'target_token', 108],
    ],
  },
  {
    method: 'token_edit',
    access: 'super',
    params: async wire => ({ ...(await newTarget(wire)), limit: limits }),
    result: { success: true, id: count, token_key: tokenInfo.token_key },
    malformed: [
      ...target,
      [{ limit: undefined }, 'limit'],
      [{ limit: [{ scopes: [{ js_worker: '**' }], permissions: [] }] }, 'limit[0].scopes[0].js_worker'],
      [{ target_token: 'root' }, 'target_token', 108],
    ],
  },
  {
    method: 'token_delete',
    access: 'super',
    params: newTarget,
    result: { message: text, rows_affected: 1, matched_by: 'token_key' },
    malformed: [...target, [{ target_token: 'root' }, 'target_token', 102]],
  },
  {
    method: 'token_roll_token_secret',
    access: 'super',
    params: newTarget,
    result: keyAndSecret,
    malformed: target,
  },
  {
    method: 'token_change_password',
    access: 'super',
    params: () => ({ target_token: caseUser, new_password: 'another password' }),
    result: { success: true, message: 'Password changed successfully' },
    malformed: [
      ...target,
      [{ new_password: undefined }, 'new_password'],
      [{ new_password: '1234567' }, 'new_password', 108],
    ],
  },
  {
    method: 'token_issue',
    access: 'own',
    params: () => ({ ttl_ms: 60_000 }),
    result: { jwt: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/), expires_at: count },
    malformed: [
      [{ ttl_ms: undefined }, 'ttl_ms'],
      [{ ttl_ms: '60000' }, 'ttl_ms'],
      [{ ttl_ms: 86_400_001 }, 'ttl_ms'],
      [{ token_limit: {} }, 'token_limit'],
    ],
  },
]
