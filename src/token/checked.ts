import type { Identity } from '../permission/grant.ts'
import type { Claims } from '../permission/jwt.ts'
import { compileLimits, type TokenLimit } from '../permission/limit.ts'
import { RefusedCredential } from '../permission/refused-credential.ts'
import type { StoredToken } from './token.ts'

/** A credential that was valid when checked; its period (epoch milliseconds) is checked on each use. */
export interface Checked {
  readonly identity: Identity
  readonly secretGeneration: number
  readonly validFrom: number
  readonly validTo: number
}

export function checkedToken(token: StoredToken): Checked {
  const { token_key: tokenKey, is_super: isSuper, secret_generation: secretGeneration } = token
  return {
    identity: {
      tokenKey,
      isSuper,
      limits: isSuper ? [] : [compileLimits(token.token_limit)],
      secretGeneration,
      presented: { tokenKey, generation: secretGeneration },
      ...(token.timestamp_to !== null && { validTo: token.timestamp_to }),
    },
    secretGeneration,
    validFrom: token.timestamp_from ?? Number.NEGATIVE_INFINITY,
    validTo: token.timestamp_to ?? Number.POSITIVE_INFINITY,
  }
}

/** A JWT may do what its issuer may; with limits of its own, only what they allow as well. */
export function checkedJwt(claims: Claims, issuer: Checked): Checked {
  const { tokenKey, isSuper, limits } = issuer.identity
  const plain = { tokenKey, isSuper, limits }
  const identity = claims.token_limit === undefined ? plain : narrow(plain, claims.token_limit)
  // `exp` is the first second at which it is no longer valid.
  const validTo = Math.min(issuer.validTo, claims.exp * 1000 - 1)
  const presented = { tokenKey, generation: claims.gen, limit: claims.token_limit, validTo }
  return {
    identity: { ...identity, validTo, presented },
    secretGeneration: issuer.secretGeneration,
    validFrom: issuer.validFrom,
    validTo,
  }
}

export function narrow({ tokenKey, limits }: Identity, limit: TokenLimit): Identity {
  return {
    tokenKey,
    isSuper: false,
    limits: [...limits, compileLimits(limit)],
    origins: [{ tokenKey, limit }],
  }
}

/** The same. Throws RpcError 102 where it is not valid at `now`, epoch milliseconds. */
export function requireValidNow(checked: Checked, now: number): Checked {
  const { validFrom, validTo, identity } = checked
  const { tokenKey } = identity
  if (now < validFrom) {
    throw new RefusedCredential(tokenKey, 'credential_not_yet_valid', 'The credential is not valid yet')
  }
  if (now > validTo) throw new RefusedCredential(tokenKey, 'credential_expired', 'The credential has expired')
  return checked
}
