import { LRUCache } from 'lru-cache'
import type { Database } from '../database/database.ts'
import type { RpcError } from '../errors.ts'
import { currentBehalf } from '../fairness/behalf.ts'
import type { Credential } from '../permission/credential.ts'
import { permissionDenied } from '../permission/grant.ts'
import type { Passwords } from '../permission/password.ts'
import { RefusedCredential } from '../permission/refused-credential.ts'
import { type Checked, checkedToken } from './checked.ts'
import { findTokenByUsername } from './store.ts'
import type { StoredToken } from './token.ts'

type PasswordCredential = Extract<Credential, { kind: 'password' }>

const maxWrongPasswords = 1000

export interface PasswordCheckOptions {
  readonly database: Database
  readonly passwords: Passwords
  /** Number of correct passwords kept in the cache. */
  readonly maxEntries: number
}

/** What a password was checked against: a token's secret generation, or an unknown username. */
interface CheckedAgainst {
  readonly key: string | undefined
  readonly generation: number | undefined
}

/** Checks usernames with their passwords; caches both correct and wrong ones. */
export function createPasswordCheck({
  database,
  passwords,
  maxEntries,
}: PasswordCheckOptions): (credential: PasswordCredential, digest: string) => Promise<Checked> {
  /** Correct ones, by the digest of the credential: each takes a fifth of a second to check. */
  const rightPasswords = new LRUCache<string, CheckedAgainst>({ max: maxEntries })
  /** Wrong ones: a program that repeats an old password is not guessing, and must not delay others. */
  const wrongPasswords = new LRUCache<string, CheckedAgainst>({ max: maxWrongPasswords })

  return async ({ username, password }: PasswordCredential, digest: string) => {
    const mine = ownKey(digest)
    const right = rightPasswords.get(digest)
    const before = right ?? wrongPasswords.get(mine)
    if (before !== undefined) {
      const token = await findTokenByUsername(database, username)
      // Credentials are looked up again whenever any token changes. A password that changes has another
      // generation.
      const isSame = before.key === token?.token_key && before.generation === token?.secret_generation
      if (isSame && right !== undefined && token !== undefined) return checkedToken(token)
      if (isSame) throw wrongPassword(token)
    }
    let token: StoredToken | undefined
    const isRight = await passwords.check({
      username,
      password,
      async find() {
        token = await findTokenByUsername(database, username)
        return token?.password_hash ?? undefined
      },
    })
    const against = { key: token?.token_key, generation: token?.secret_generation }
    if (isRight && token !== undefined) {
      rightPasswords.set(digest, against)
      wrongPasswords.delete(mine)
      return checkedToken(token)
    }
    rightPasswords.delete(digest)
    wrongPasswords.set(mine, against)
    throw wrongPassword(token)
  }
}

function wrongPassword(token: StoredToken | undefined): RpcError {
  return token === undefined ? permissionDenied() : new RefusedCredential(token.token_key)
}

/**
 * The cache key of a wrong credential; it includes the caller. With the credential alone, a quick refusal
 * would reveal that someone else has tried the same one, such as a password that was once correct.
 */
export function ownKey(digest: string): string {
  return `${digest} ${currentBehalf() ?? ''}`
}
