import { LRUCache } from 'lru-cache'
import type { Database } from '../database/database.ts'
import { currentBehalf } from '../fairness/behalf.ts'
import type { Credential } from '../permission/credential.ts'
import { permissionDenied } from '../permission/grant.ts'
import type { Passwords } from '../permission/password.ts'
import { type Checked, checkedToken } from './checked.ts'
import { findTokenByUsername } from './store.ts'
import type { StoredToken } from './token.ts'

type PasswordCredential = Extract<Credential, { kind: 'password' }>

const maxWrongPasswords = 1000

export interface PasswordCheckOptions {
  readonly database: Database
  readonly passwords: Passwords
  /** Right passwords that are remembered. */
  readonly maxEntries: number
}

/** What a password was checked against: a token's secret generation, or that nobody has the username. */
interface CheckedAgainst {
  readonly key: string | undefined
  readonly generation: number | undefined
}

/** Checks usernames with their passwords; remembers those that were right, and those that were wrong. */
export function createPasswordCheck({
  database,
  passwords,
  maxEntries,
}: PasswordCheckOptions): (credential: PasswordCredential, digest: string) => Promise<Checked> {
  /** Those that were right, by the digest of the credential: each costs a fifth of a second to check. */
  const rightPasswords = new LRUCache<string, CheckedAgainst>({ max: maxEntries })
  /** Those that were wrong: a program that repeats an old password is no guesser, and delays nobody beside it. */
  const wrongPasswords = new LRUCache<string, CheckedAgainst>({ max: maxWrongPasswords })

  return async ({ username, password }: PasswordCredential, digest: string) => {
    const mine = ownKey(digest)
    const right = rightPasswords.get(digest)
    const before = right ?? wrongPasswords.get(mine)
    if (before !== undefined) {
      const token = await findTokenByUsername(database, username)
      // Credentials are looked up again whenever any token changes. A password that changes has another generation.
      const isSame = before.key === token?.token_key && before.generation === token?.secret_generation
      if (isSame && right !== undefined && token !== undefined) return checkedToken(token)
      if (isSame) throw permissionDenied()
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
    throw permissionDenied()
  }
}

/**
 * Under what a wrong credential is remembered: by whoever tries it. Were it by the credential alone, a quick refusal would tell
 * that somebody else has tried the same one, such as a password that was right once.
 */
export function ownKey(digest: string): string {
  return `${digest} ${currentBehalf() ?? ''}`
}
