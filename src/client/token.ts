import type { wire } from './wire.ts'

type Declared = (typeof wire)['definitions']['token']

/** One limit of a token, e.g. `{ scopes: [{ js_worker: 'demo_*' }], permissions: [{ js_result: { read: '*' } }] }`. */
export interface Limit {
  readonly scopes: readonly unknown[]
  readonly permissions: readonly unknown[]
}

type WithLimits<T> = Omit<T, 'token_limit'> & { readonly token_limit: readonly Limit[] }

/** A token to create; username and password only together. */
export type NewToken = WithLimits<Declared['new']>

/** A token as it is shown, without its secret. */
export type TokenInfo = WithLimits<Declared['shown']>
