import type { Clock } from '../async/clock.ts'
import type { Database } from '../database/database.ts'
import type { RpcError } from '../errors.ts'
import type { Identity, Origin, Presented } from '../permission/grant.ts'
import { RefusedCredential } from '../permission/refused-credential.ts'
import { type Checked, checkedToken, narrow, requireValidNow } from './checked.ts'
import type { SharedCache } from './shared-cache.ts'
import { findTokenByKey } from './store.ts'

/** Tokens whose authority is used without their secret: by a JWT, or by work that a token has started. */
export interface Issuers {
  /**
   * The token with this key. Throws RpcError 102 if it is gone, not valid now, or of another secret
   * generation.
   */
  find(key: string, generation?: number): Promise<Checked>
  /** A caller with the current rights of this origin. Throws RpcError 102. */
  recall(origin: Origin): Promise<Identity>
  /** The caller who presented this earlier. Throws RpcError 102 if the credential would be refused now. */
  represent(presented: Presented): Promise<Identity>
}

export interface IssuersDeps {
  readonly database: Database
  readonly cache: SharedCache<Checked>
  readonly clock: Clock
  /** The error thrown for a missing token. */
  readonly noSuchToken: RpcError
}

export function createIssuers({ database, cache, clock, noSuchToken }: IssuersDeps): Issuers {
  // No credential's key in the cache looks like this: those are digests.
  const lookUp = (key: string): Promise<Checked> =>
    cache.get(`issuer ${key}`, async () => {
      const token = await findTokenByKey(database, key)
      if (token === undefined) throw noSuchToken
      return checkedToken(token)
    })

  async function find(
    key: string,
    generation?: number,
    validTo = Number.POSITIVE_INFINITY,
  ): Promise<Checked> {
    const issuer = await lookUp(key)
    if (generation !== undefined && generation !== issuer.secretGeneration) throw new RefusedCredential(key)
    const until = Math.min(validTo, issuer.validTo)
    return requireValidNow({ ...issuer, validTo: until }, clock())
  }

  return {
    find,
    async recall({ tokenKey, limit }) {
      const { identity } = await find(tokenKey)
      return limit === undefined ? identity : narrow(identity, limit)
    },
    async represent({ tokenKey, generation, limit, validTo }) {
      const issuer = await find(tokenKey, generation, validTo)
      const identity = limit === undefined ? issuer.identity : narrow(issuer.identity, limit)
      return { ...identity, validTo: issuer.validTo }
    },
  }
}
