import type { Clock } from '../async/clock.ts'
import type { Database } from '../database/database.ts'
import type { RpcError } from '../errors.ts'
import { type Identity, type Origin, type Presented, permissionDenied } from '../permission/grant.ts'
import { type Checked, checkedToken, narrow, requireValidNow } from './checked.ts'
import type { SharedCache } from './shared-cache.ts'
import { findTokenByKey } from './store.ts'

/** The tokens on whose authority somebody acts who does not present their secret: with a JWT, or by what a token has set off. */
export interface Issuers {
  /** The token with this key. Throws RpcError 102 where it is gone, not valid now, or of another secret generation. */
  find(key: string, generation?: number): Promise<Checked>
  /** Who may now do what this origin may. Throws RpcError 102. */
  recall(origin: Origin): Promise<Identity>
  /** Who presented this earlier. Throws RpcError 102 once that would be refused now. */
  represent(presented: Presented): Promise<Identity>
}

export interface IssuersDeps {
  readonly database: Database
  readonly cache: SharedCache<Checked>
  readonly clock: Clock
  /** What is thrown for a token that is not there. */
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
    if (generation !== undefined && generation !== issuer.secretGeneration) throw permissionDenied()
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
