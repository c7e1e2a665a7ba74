import type { EpochMs } from './resources.ts'

/** One limit of a token, e.g. `{ scopes: [{ js_worker: 'demo_*' }], permissions: [{ js_result: { read: '*' } }] }`. */
export interface Limit {
  readonly scopes: readonly unknown[]
  readonly permissions: readonly unknown[]
}

/** A token to create; username and password only together. */
export interface NewToken {
  readonly username?: string
  readonly password?: string
  readonly timestamp_from?: EpochMs
  readonly timestamp_to?: EpochMs
  readonly version?: number
  readonly token_limit: readonly Limit[]
}

/** A token as it is shown, without its secret. */
export interface TokenInfo {
  readonly version: number
  readonly token_key: string
  readonly timestamp_from: EpochMs | null
  readonly timestamp_to: EpochMs | null
  readonly token_limit: readonly Limit[]
  readonly username: string | null
}
