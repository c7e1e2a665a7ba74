import { LRUCache } from 'lru-cache'
import type { Clock } from '../async/clock.ts'
import type { Database } from '../database/database.ts'
import { type Reason, RpcError } from '../errors.ts'
import { onOwnBehalf } from '../fairness/behalf.ts'
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
import type { Jwts } from '../permission/jwt.ts'
import type { Passwords } from '../permission/password.ts'
import { RefusedCredential } from '../permission/refused-credential.ts'
import { type Checked, checkedJwt, checkedToken, requireValidNow } from './checked.ts'
import { createIssuers } from './issuers.ts'
import { createPasswordCheck, ownKey } from './password-check.ts'
import { createSharedCache } from './shared-cache.ts'
import { findTokenByKey } from './store.ts'
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
  /** Called with whether a credential was cached. */
  readonly onLookup?: (isHit: boolean) => void
  /** Called for each rejected credential: its kind, and the reason of the error. */
  readonly onRefused?: (kind: CredentialKind, reason: Reason) => void
}

/** `malformed`: of no kind. */
export type CredentialKind = Credential['kind'] | 'malformed'

export interface Authenticator {
  /**
   * The caller with this credential. Throws RpcError 101 for a malformed one and 102 otherwise:
   * `credential_required` for none, `permission_denied` for a wrong one, `credential_expired`,
   * `credential_not_yet_valid`. `shown`: what the connection that presents it has already shown.
   */
  authenticate(credential: string | undefined, shown?: ShownCredential): Promise<Identity>
  /** The caller who presented this earlier. Throws RpcError 102 if the credential would be refused now. */
  represent(presented: Presented): Promise<Identity>
  /**
   * A caller with the rights common to all these origins. Throws RpcError 102 once one of their tokens is
   * gone or expired.
   */
  recall(origins: readonly Origin[]): Promise<Identity>
  /** Call after each change of a token, before the change is acknowledged. */
  forget(): void
  /**
   * Calls `listener` whenever tokens may have changed, here or on another server; returns a function that
   * stops it.
   */
  onChange(listener: () => void): () => void
  close(): Promise<void>
}

/** Checks credentials against the tokens, and caches valid ones until a token changes. */
export async function createAuthenticator(options: AuthenticatorOptions): Promise<Authenticator> {
  const { database, jwts, passwords, pepper, clock, maxEntries = 10_000, onLookup, onRefused } = options
  const checkPassword = createPasswordCheck({ database, passwords, maxEntries })
  /**
   * Credentials refused until a token changes; no passwords, since one may be tried before a token has it.
   */
  const refused = new LRUCache<string, RpcError>({ max: maxEntries })
  const noSuchToken = permissionDenied()
  /** The errors that the same credential gets until a token changes. */
  const lasting = new WeakSet<RpcError>([noSuchToken])
  const wrongSecret = (tokenKey: string): RpcError => {
    const error = new RefusedCredential(tokenKey)
    lasting.add(error)
    return error
  }
  const cache = createSharedCache<Checked>({ maxEntries, ...(onLookup && { onLookup }) })
  const issuers = createIssuers({ database, cache, clock, noSuchToken })
  const listeners = new Set<() => void>()
  let changes = 0
  const forget = () => {
    cache.clear()
    refused.clear()
    changes++
    // Listeners look callers up for their own clients, not on behalf of the caller who changed a token.
    onOwnBehalf(() => {
      for (const listener of listeners) listener()
    })
  }
  const watch = await watchTokenVersion({ database, clock, pollMs: options.pollMs ?? 500, onChange: forget })

  async function check(text: string, digest: string): Promise<Checked> {
    const credential = parseCredential(text)
    if (credential.kind === 'password') return checkPassword(credential, digest)
    if (credential.kind === 'jwt') {
      const claims = jwts.verify(credential.jwt)
      return checkedJwt(claims, await issuers.find(claims.sub, claims.gen))
    }
    const token = await findTokenByKey(database, credential.key)
    const isRight = isSecretOf(token?.secret_digest, credential.secret, pepper)
    if (isRight && token !== undefined) return checkedToken(token)
    throw token === undefined ? noSuchToken : wrongSecret(token.token_key)
  }

  /** Repeats a cached refusal immediately for a caller that has received it before. */
  async function checkUnknown(text: string, digest: string): Promise<Checked> {
    const mine = ownKey(digest)
    const known = refused.get(mine)
    if (known !== undefined) throw known
    const before = changes
    try {
      return await cache.load(digest, () => check(text, digest))
    } catch (error) {
      // A change in the meantime may have made it valid.
      if (error instanceof RpcError && lasting.has(error) && changes === before) refused.set(mine, error)
      throw error
    }
  }

  return {
    async recall(origins) {
      await watch.confirm()
      const identities = await Promise.all(origins.map(issuers.recall))
      if (identities.length === 0) throw permissionDenied()
      return identities.reduce(intersectIdentities)
    },
    async represent(presented) {
      await watch.confirm()
      return issuers.represent(presented)
    },
    async authenticate(credential, shown) {
      if (credential === undefined) throw credentialRequired()
      // Awaited only if pending, because every request passes here.
      const confirming = watch.confirm()
      if (confirming !== undefined) await confirming
      const digest = digestOf(credential, shown)
      try {
        const checked = cache.peek(digest) ?? (await checkUnknown(credential, digest))
        return requireValidNow(checked, clock()).identity
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

function kindOf(credential: string): CredentialKind {
  try {
    return parseCredential(credential).kind
  } catch {
    return 'malformed'
  }
}

function credentialRequired(): RpcError {
  return new RpcError('credential_required', 'A credential is required')
}
