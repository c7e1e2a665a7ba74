import type { Call, ResultOf } from './methods.ts'
import type { Limit, NewToken, TokenInfo } from './token.ts'

/** The token methods. A target is a token key or a username. All throw DaybookError or DaybookConnectionError. */
export interface TokenClient {
  create(token: NewToken): Promise<ResultOf<'token_create'>>
  /** Without a target: the token that this client presents. */
  get(target?: string): Promise<TokenInfo>
  /** Replaces the token's limits. */
  edit(target: string, limits: readonly Limit[]): Promise<ResultOf<'token_edit'>>
  delete(target: string): Promise<ResultOf<'token_delete'>>
  list(): Promise<readonly TokenInfo[]>
  /** Makes a new secret; the old one stops working at once. */
  roll(target: string): Promise<ResultOf<'token_roll_token_secret'>>
  changePassword(target: string, newPassword: string): Promise<ResultOf<'token_change_password'>>
  /** Mints a JWT, with the presented token's limits or narrower ones. */
  issue(ttlMs: number, limits?: readonly Limit[]): Promise<ResultOf<'token_issue'>>
  /** Whether the presented token, or the target, has `permission` on `scope`, and why. */
  explain(scope: unknown, permission: unknown, target?: string): Promise<ResultOf<'token_explain'>>
}

/** The token methods over `call`, which presents `credential`. */
export function createTokenClient(call: Call, credential: string | undefined): TokenClient {
  return {
    create: token => call('token_create', { token_creation: token }),
    get: target =>
      target === undefined
        ? call('token_get', {})
        : call('token_get', { token: target, ...(credential !== undefined && { supertoken: credential }) }),
    edit: (target, limits) => call('token_edit', { target_token: target, limit: limits }),
    delete: target => call('token_delete', { target_token: target }),
    list: async () => (await call('token_list_all_tokens', {})).tokens,
    roll: target => call('token_roll_token_secret', { target_token: target }),
    changePassword: (target, newPassword) =>
      call('token_change_password', { target_token: target, new_password: newPassword }),
    issue: (ttlMs, limits) =>
      call('token_issue', { ttl_ms: ttlMs, ...(limits !== undefined && { token_limit: limits }) }),
    explain: (scope, permission, target) =>
      call('token_explain', { scope, permission, target_token: target }),
  }
}
