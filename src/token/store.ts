import type { Runner } from '../database/database.ts'
import { rawStatement } from '../database/statement.ts'
import { createStore } from '../definition/store.ts'
import { invalidInput, RpcError } from '../errors.ts'
import { type StoredToken, token } from './token.ts'

type Statements = Pick<Runner, 'run'>

const store = createStore(token)
const selectTokens = `select ${store.columns} from ${token.table}`
const byUsername = rawStatement(`${selectTokens} where username = $1`)
const superToken = rawStatement(`${selectTokens} where is_super`)
const oldestFirst = rawStatement(`${selectTokens} order by id`)

export const findTokenByKey = (runner: Statements, key: string): Promise<StoredToken | undefined> =>
  store.find(runner, key)

export async function findTokenByUsername(
  { run }: Statements,
  username: string,
): Promise<StoredToken | undefined> {
  return (await run(byUsername, [username])).rows.map(store.read)[0]
}

export async function findSuperToken({ run }: Statements): Promise<StoredToken | undefined> {
  return (await run(superToken, [])).rows.map(store.read)[0]
}

/** All tokens, oldest first. */
export async function listTokens({ run }: Statements): Promise<readonly StoredToken[]> {
  return (await run(oldestFirst, [])).rows.map(store.read)
}

export type NewToken = Omit<StoredToken, 'id' | 'secret_generation' | 'version'>

/** False, and nothing is inserted, when the username is taken (or, for a super token, when there is one). */
export async function insertToken(runner: Statements, given: NewToken): Promise<boolean> {
  return (await store.insert(runner, given, Date.now())) !== undefined
}

/** What can be changed of a token; a changed secret or password ends the JWTs that it issued. */
export type TokenChange = Partial<Pick<StoredToken, 'token_limit' | 'secret_digest' | 'password_hash'>>

/** Call in a transaction. False if the token no longer exists. */
export async function updateToken(runner: Statements, key: string, change: TokenChange): Promise<boolean> {
  const before = await store.lock(runner, key)
  if (before === undefined) return false
  const endsJwts = change.secret_digest !== undefined || change.password_hash !== undefined
  const generation = before.secret_generation + (endsJwts ? 1 : 0)
  await store.update(runner, key, { ...change, secret_generation: generation }, Date.now())
  return true
}

/** False if the token no longer exists. */
export const deleteToken = (runner: Statements, key: string): Promise<boolean> => store.remove(runner, key)

/** A token that was named by its key or its username. */
export interface NamedToken {
  readonly token: StoredToken
  readonly matchedBy: 'token_key' | 'username'
}

/**
 * Finds the token whose key, else whose username, is `name`; matched literally.
 * Throws RpcError 108 (`empty_target`) and 105 (`token_not_found`), at `path`.
 */
export async function findNamedToken(runner: Statements, name: string, path: string): Promise<NamedToken> {
  if (name === '') throw invalidInput(path, 'must not be empty', 'empty_target')
  const byKey = await findTokenByKey(runner, name)
  if (byKey !== undefined) return { token: byKey, matchedBy: 'token_key' }
  const named = await findTokenByUsername(runner, name)
  if (named !== undefined) return { token: named, matchedBy: 'username' }
  throw tokenNotFound(path)
}

// The name is not repeated: it may be a credential put in the wrong place.
export function tokenNotFound(path: string): RpcError {
  return new RpcError('token_not_found', 'There is no such token', { path })
}
