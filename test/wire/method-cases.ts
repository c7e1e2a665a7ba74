import { expect } from 'vitest'
import { jsLimit, type Wire } from './support/wire.ts'

type Params = Readonly<Record<string, unknown>>

/** How one method is called: rightly, wrongly, and by whom. */
export interface MethodCase {
  readonly method: string
  /** `public`: nobody is asked who they are; `own`: any token; `limits`: a token that may; `super`: the super token. */
  readonly access: 'public' | 'own' | 'limits' | 'super'
  /** Whether a parameter that it does not know is an error. */
  readonly isStrict: boolean
  /** Parameters of a call that succeeds, each time. */
  readonly params: (wire: Wire) => Promise<Params> | Params
  /** What its result must match. */
  readonly result: unknown
  /** What makes the call fail when it is put over those parameters (undefined: left out), and the path of the fault. */
  readonly malformed: readonly (readonly [change: Params, path: string, code?: number])[]
}

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

const badQueries: MethodCase['malformed'] = [
  [{ query: undefined }, 'query'],
  [{ query: 'last' }, 'query'],
  [{ query: { condition: 'last' } }, 'query.condition'],
  [{ query: { condition: [{ nope: 1 }] } }, 'query.condition[0].nope'],
]

/** The methods of one kind of record; `row` is one that is open, `name` that of the object that it belongs to. */
function recordCases(resource: string, name: string, row: Params): MethodCase[] {
  const condition = [{ [name]: row[name] }]
  const access = 'limits'
  const reading = { access, isStrict: true, params: () => ({ query: { condition } }) } as const
  return [
    {
      ...reading,
      method: `${resource}_query`,
      result: expect.arrayContaining([expect.objectContaining(row)]),
      malformed: badQueries,
    },
    {
      ...reading,
      method: `${resource}_page`,
      result: { rows: expect.arrayContaining([expect.objectContaining(row)]), next: null },
      malformed: [...badQueries, [{ after: 'x' }, 'after'], [{ order: 'up' }, 'order']],
    },
    { ...reading, method: `${resource}_count`, result: { count }, malformed: badQueries },
    {
      ...reading,
      method: `${resource}_delete`,
      params: () => ({ query: { condition }, dry_run: true }),
      result: { success: true, deleted: 0, condition_count: 1, would_delete: count },
      malformed: [...badQueries, [{ dry_run: 1 }, 'dry_run'], [{ max_affected: -1 }, 'max_affected']],
    },
    {
      method: `${resource}_append`,
      access,
      isStrict: false,
      params: () => ({ rows: [row] }),
      result: { ids: [count] },
      malformed: [
        [{ rows: undefined }, 'rows'],
        [{ rows: row }, 'rows'],
        [{ rows: [{ ...row, extra: 1 }] }, 'rows[0].extra'],
      ],
    },
    {
      method: `${resource}_finish`,
      access,
      isStrict: false,
      params: async wire => {
        const { ids } = await wire.result<{ ids: number[] }>(`${resource}_append`, { rows: [row] })
        return { id: ids[0], result: { done: true } }
      },
      result: { updated: 1 },
      malformed: [
        [{ id: undefined }, 'id'],
        [{ id: '1' }, 'id'],
        [{ result: undefined }, 'result'],
        [{ error_message: 'x' }, 'error_message'],
      ],
    },
  ]
}

const limits = [jsLimit('case_*', { read: '*' })]
/** The username of the token whose password is changed; a test must create it. */
export const caseUser = 'case_user'

async function newTarget(wire: Wire): Promise<{ readonly target_token: string }> {
  return { target_token: (await wire.token(limits)).slice(0, 16) }
}

const target: MethodCase['malformed'] = [
  [{ target_token: undefined }, 'target_token'],
  [{ target_token: 1 }, 'target_token'],
  [{ target_token: '' }, 'target_token', 108],
  [{ target_token: 'nobody' }, 'target_token', 105],
]

const tokenCases: readonly MethodCase[] = [
  {
    method: 'token_create',
    access: 'super',
    isStrict: false,
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
    isStrict: false,
    params: () => ({}),
    result: tokenInfo,
    malformed: [[{ supertoken: 1 }, 'supertoken']],
  },
  {
    method: 'token_list_all_tokens',
    access: 'super',
    isStrict: false,
    params: () => ({}),
    result: { tokens: expect.arrayContaining([tokenInfo]) },
    malformed: [[{ token: 1 }, 'token']],
  },
  {
    method: 'token_explain',
    access: 'own',
    isStrict: false,
    params: () => ({ scope: { js_worker: 'a' }, permission: { js_result: { read: 'a' } } }),
    result: { allowed: true, limit_index: null, because: 'super_token' },
    malformed: [
      [{ scope: undefined }, 'scope'],
      [{ scope: { js_worker: 1 } }, 'scope.js_worker'],
      [{ permission: { js_result: { read: 'a*b' } } }, 'permission.js_result.read'],
    ],
  },
  {
    method: 'token_edit',
    access: 'super',
    isStrict: false,
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
    isStrict: false,
    params: newTarget,
    result: { message: text, rows_affected: 1, matched_by: 'token_key' },
    malformed: [...target, [{ target_token: 'root' }, 'target_token', 102]],
  },
  {
    method: 'token_roll_token_secret',
    access: 'super',
    isStrict: false,
    params: newTarget,
    result: keyAndSecret,
    malformed: target,
  },
  {
    method: 'token_change_password',
    access: 'super',
    isStrict: false,
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
    isStrict: false,
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

/** Every method that there is; a test compares the names with the OpenRPC document. */
export const methodCases: readonly MethodCase[] = [
  {
    method: 'nodeget-server_hello',
    access: 'public',
    isStrict: false,
    params: () => ({}),
    result: 'NodeGet Server Is Running!',
    malformed: [],
  },
  {
    method: 'rpc.discover',
    access: 'public',
    isStrict: false,
    params: () => ({}),
    result: expect.objectContaining({ openrpc: '1.3.2' }),
    malformed: [],
  },
  ...recordCases('js-result', 'js_worker_name', { js_worker_name: 'case_a', run_type: 'call' }),
  ...recordCases('event-log', 'full_name', { full_name: 'case_a', sender: 'app', status: 'running' }),
  ...tokenCases,
]
