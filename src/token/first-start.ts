import type { Database, Runner } from '../database/database.ts'
import {
  digestSecret,
  generateKey,
  generateSecret,
  isSecretOf,
  type KeyAndSecret,
} from '../permission/credential.ts'
import { insertToken } from './store.ts'

export interface FirstStartOptions {
  readonly database: Database
  readonly pepper: string
  /** `key:secret` to use instead of a generated one; replaces another one that is there. */
  readonly superToken?: string | undefined
  /** Stores a generated token where its owner finds it; if this fails, the token is not created either. */
  save(created: KeyAndSecret): Promise<unknown>
}

/**
 * Makes sure that there is a super token (username `root`). Several servers may do so concurrently.
 * Returns the credential if this call generated it: it cannot be retrieved later.
 */
export function ensureSuperToken(options: FirstStartOptions): Promise<{ readonly created?: KeyAndSecret }> {
  const { database, pepper, superToken, save } = options
  return database.transaction(async runner => {
    if (superToken !== undefined) {
      await useSuperToken(runner, splitSuperToken(superToken), pepper)
      return {}
    }
    const created = { key: generateKey(), secret: generateSecret() }
    if (!(await insertSuperToken(runner, created, pepper))) return {}
    // Before the commit: if the server were killed in between, the secret would be lost.
    await save(created)
    return { created }
  })
}

function splitSuperToken(text: string): KeyAndSecret {
  const [key = '', secret = ''] = text.split(':')
  return { key, secret }
}

async function useSuperToken(runner: Runner, wanted: KeyAndSecret, pepper: string): Promise<void> {
  if (await insertSuperToken(runner, wanted, pepper)) return
  const current = await runner.kysely
    .selectFrom('token')
    .select(['token_key', 'secret_digest'])
    .where('is_super', '=', true)
    .forUpdate()
    .executeTakeFirstOrThrow()
  const isSame = current.token_key === wanted.key && isSecretOf(current.secret_digest, wanted.secret, pepper)
  if (isSame) return
  await runner.kysely
    .updateTable('token')
    .set(eb => ({
      token_key: wanted.key,
      secret_digest: digestSecret(wanted.secret, pepper),
      secret_generation: eb('secret_generation', '+', 1),
    }))
    .where('is_super', '=', true)
    .execute()
}

/**
 * False if there already is one: the index token_one_super allows only one, even if servers start
 * concurrently.
 */
function insertSuperToken(runner: Runner, { key, secret }: KeyAndSecret, pepper: string): Promise<boolean> {
  return insertToken(runner, {
    token_key: key,
    secret_digest: digestSecret(secret, pepper),
    username: 'root',
    password_hash: null,
    timestamp_from: null,
    timestamp_to: null,
    token_limit: [],
    is_super: true,
  })
}
