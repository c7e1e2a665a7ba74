import { LRUCache } from 'lru-cache'
import type { Clock } from '../async/clock.ts'
import type { Database } from '../database/database.ts'
import { RpcError } from '../errors.ts'
import { currentBehalf, onOwnBehalf } from '../fairness/behalf.ts'
import {
  type Credential,
  digestOf,
  isSecretOf,
  parseCredential,
  type ShownCredential,
} from '../permission/credential.ts'
import {
  type Identity,
  intersectIdentities,
  type Origin,
  type Presented,
  permissionDenied,
} from '../permission/grant.ts'
import type { Claims, Jwts } from '../permission/jwt.ts'
import { compileLimits, type TokenLimit } from '../permission/limit.ts'
import type { Passwords } from '../permission/password.ts'
import { createSharedCache } from './shared-cache.ts'
import { findTokenByKey, findTokenByUsername, type StoredToken } from './store.ts'
import { watchTokenVersion } from './version-watch.ts'

export interface AuthenticatorOptions {
  readonly database: Database
  readonly jwts: Jwts
  readonly passwords: Passwords
  readonly pepper: string
  readonly clock: Clock
  /** Checked credentials kept; default 10 000. */
  readonly maxEntries?: number
  /** How often the version of the tokens is compared, in milliseconds; default 500. */
  readonly pollMs?: number
  /** Told whether a credential was remembered. */
  readonly onLookup?: (isHit: boolean) => void
  /** Told of each credential that was not taken: its kind, and the reason of the error. */
  readonly onRefused?: (kind: CredentialKind, reason: string) => void
}

/** `malformed`: of no kind. */
export type CredentialKind = Credential['kind'] | 'malformed'

export interface Authenticator {
  /**
   * Who presents this credential. Throws RpcError 101 for a malformed one and 102 for the rest: `credential_required`
   * for none, `permission_denied` for a wrong one, `credential_expired`, `credential_not_yet_valid`. `shown`: what the connection
   * has shown that presents it.
   */
  authenticate(credential: string | undefined, shown?: ShownCredential): Promise<Identity>
  /** Who presented this earlier. Throws RpcError 102 once that would be refused now. */
  represent(presented: Presented): Promise<Identity>
  /** Who may now do what all these origins may. Throws RpcError 102 once one of their tokens is gone or expired. */
  recall(origins: readonly Origin[]): Promise<Identity>
  /** To be called after each change of a token, before anybody is told that it is done. */
  forget(): void
  /** Has `listener` told whenever tokens may have changed, here or on another server; answers what ends that. */
  onChange(listener: () => void): () => void
  close(): Promise<void>
}

const maxWrongPasswords = 1000

type PasswordCredential = Extract<Credential, { kind: 'password' }>

/** What a password was checked against: a token's secret generation, or that nobody has the username. */
interface CheckedAgainst {
  readonly key: string | undefined
  readonly generation: number | undefined
}

/** A credential that was right when it was checked; its period (epoch milliseconds) is looked at on each use. */
interface Checked {
  readonly identity: Identity
  readonly secretGeneration: number
  readonly validFrom: number
  readonly validTo: number
}

/** Checks credentials against the tokens, and remembers those that were right until a token changes. */
export async function createAuthenticator(options: AuthenticatorOptions): Promise<Authenticator> {
  const { database, jwts, passwords, pepper, clock, maxEntries = 10_000, pollMs = 500 } = options
  const { onLookup, onRefused } = options
  /** Passwords that were right, by the digest of the credential: each costs a fifth of a second to check. */
  const rightPasswords = new LRUCache<string, CheckedAgainst>({ max: maxEntries })
  /** Those that were wrong: a program that repeats an old password is no guesser, and delays nobody beside it. */
  const wrongPasswords = new LRUCache<string, CheckedAgainst>({ max: maxWrongPasswords })
  /** Those that are refused until a token changes; no passwords, which may have been tried before a token had them. */
  const refused = new LRUCache<string, true>({ max: maxEntries })
  const noSuchToken = permissionDenied()
  const cache = createSharedCache<Checked>({ maxEntries, ...(onLookup && { onLookup }) })
  const listeners = new Set<() => void>()
  let changes = 0
  const forget = () => {
    cache.clear()
    refused.clear()
    changes++
    // What they look up is for those whom they serve, not for the one who has changed a token.
    onOwnBehalf(() => {
      for (const listener of listeners) listener()
    })
  }
  const watch = await watchTokenVersion({ database, clock, pollMs, onChange: forget })

  async function check(text: string, digest: string): Promise<Checked> {
    const credential = parseCredential(text)
    if (credential.kind === 'jwt') return checkJwt(jwts.verify(credential.jwt))
    if (credential.kind === 'password') return checkPassword(credential, digest)
    return checkSecret(credential.key, credential.secret)
  }

  /** Throws a refusal at once where the one who asks has had it before. */
  async function checkUnknown(text: string, digest: string): Promise<Checked> {
    const mine = ownKey(digest)
    if (refused.has(mine)) throw noSuchToken
    const before = changes
    try {
      return await cache.load(digest, () => check(text, digest))
    } catch (error) {
      // What changed meanwhile may have made it right.
      if (error === noSuchToken && changes === before) refused.set(mine, true)
      throw error
    }
  }

  async function checkSecret(key: string, secret: string): Promise<Checked> {
    const token = await findTokenByKey(database, key)
    if (!isSecretOf(token?.secretDigest, secret, pepper) || token === undefined) throw noSuchToken
    return checkedToken(token)
  }

  async function checkPassword({ username, password }: PasswordCredential, digest: string): Promise<Checked> {
    const mine = ownKey(digest)
    const right = rightPasswords.get(digest)
    const before = right ?? wrongPasswords.get(mine)
    if (before !== undefined) {
      const token = await findTokenByUsername(database, username)
      // Credentials are looked up again whenever any token changes. A password that changes has another generation.
      const isSame = before.key === token?.key && before.generation === token?.secretGeneration
      if (isSame && right !== undefined && token !== undefined) return checkedToken(token)
      if (isSame) throw permissionDenied()
    }
    let token: StoredToken | undefined
    const isRight = await passwords.check({
      username,
      password,
      async find() {
        token = await findTokenByUsername(database, username)
        return token?.passwordHash ?? undefined
      },
    })
    const against = { key: token?.key, generation: token?.secretGeneration }
    if (isRight && token !== undefined) {
      rightPasswords.set(digest, against)
      wrongPasswords.delete(mine)
      return checkedToken(token)
    }
    rightPasswords.delete(digest)
    wrongPasswords.set(mine, against)
    throw permissionDenied()
  }

  async function checkJwt(claims: Claims): Promise<Checked> {
    // No credential's key in the cache looks like this: those are digests.
    const issuer = await cache.get(`issuer ${claims.sub}`, () => findIssuer(claims.sub))
    if (claims.gen !== undefined && claims.gen !== issuer.secretGeneration) throw permissionDenied()
    requireValidNow(issuer, clock())
    return checkedJwt(claims, issuer)
  }

  async function findIssuer(key: string): Promise<Checked> {
    const token = await findTokenByKey(database, key)
    if (token === undefined) throw noSuchToken
    return checkedToken(token)
  }

  async function recallOne({ tokenKey, limit }: Origin): Promise<Identity> {
    const checked = await cache.get(`issuer ${tokenKey}`, () => findIssuer(tokenKey))
    requireValidNow(checked, clock())
    return limit === undefined ? checked.identity : narrow(checked.identity, limit)
  }

  return {
    async recall(origins) {
      await watch.confirm()
      const identities = await Promise.all(origins.map(recallOne))
      if (identities.length === 0) throw permissionDenied()
      return identities.reduce(intersectIdentities)
    },
    async represent({ tokenKey, generation, limit, validTo = Number.POSITIVE_INFINITY }) {
      await watch.confirm()
      const issuer = await cache.get(`issuer ${tokenKey}`, () => findIssuer(tokenKey))
      if (generation !== undefined && generation !== issuer.secretGeneration) throw permissionDenied()
      const until = Math.min(validTo, issuer.validTo)
      requireValidNow({ ...issuer, validTo: until }, clock())
      const identity = limit === undefined ? issuer.identity : narrow(issuer.identity, limit)
      return { ...identity, validTo: until }
    },
    async authenticate(credential, shown) {
      if (credential === undefined) throw credentialRequired()
      // Awaited only where there is something to wait for: every request comes along here.
      const confirming = watch.confirm()
      if (confirming !== undefined) await confirming
      const digest = digestOf(credential, shown)
      try {
        const checked = cache.peek(digest) ?? (await checkUnknown(credential, digest))
        requireValidNow(checked, clock())
        return checked.identity
      } catch (error) {
        if (onRefused && error instanceof RpcError) onRefused(kindOf(credential), error.data.reason)
        throw error
      }
    },
    forget,
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    close: watch.close,
  }
}

/**
 * Under what a wrong credential is remembered: by whoever tries it. Were it by the credential alone, a quick refusal would tell
 * that somebody else has tried the same one, such as a password that was right once.
 */
function ownKey(digest: string): string {
  return `${digest} ${currentBehalf() ?? ''}`
}

function kindOf(credential: string): CredentialKind {
  try {
    return parseCredential(credential).kind
  } catch {
    return 'malformed'
  }
}

function checkedToken(token: StoredToken): Checked {
  const { key, isSuper, secretGeneration } = token
  return {
    identity: {
      tokenKey: key,
      isSuper,
      limits: isSuper ? [] : [compileLimits(token.limits)],
      secretGeneration,
      presented: { tokenKey: key, generation: secretGeneration },
      ...(token.validTo !== null && { validTo: token.validTo }),
    },
    secretGeneration,
    validFrom: token.validFrom ?? Number.NEGATIVE_INFINITY,
    validTo: token.validTo ?? Number.POSITIVE_INFINITY,
  }
}

/** A JWT may do what its issuer may; with limits of its own, only what they allow as well. */
function checkedJwt(claims: Claims, issuer: Checked): Checked {
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

function narrow({ tokenKey, limits }: Identity, limit: TokenLimit): Identity {
  return {
    tokenKey,
    isSuper: false,
    limits: [...limits, compileLimits(limit)],
    origins: [{ tokenKey, limit }],
  }
}

function requireValidNow({ validFrom, validTo }: Checked, now: number): void {
  if (now < validFrom) throw denied('The credential is not valid yet', 'credential_not_yet_valid')
  if (now > validTo) throw denied('The credential has expired', 'credential_expired')
}

function credentialRequired(): RpcError {
  return denied('A credential is required', 'credential_required')
}

function denied(message: string, reason: string): RpcError {
  return new RpcError('permission_denied', message, { reason })
}
