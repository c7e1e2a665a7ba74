import type { Runner } from '../database/database.ts'
import { invalidInput, RpcError } from '../errors.ts'
import { findTokenByKey, findTokenByUsername, type StoredToken } from './store.ts'

/** A token that was named by its key or its username. */
export interface Target {
  readonly token: StoredToken
  readonly matchedBy: 'token_key' | 'username'
}

/**
 * Finds the token whose key, else whose username, is `name`; matched literally.
 * Throws RpcError 108 (`empty_target`) and 105 (`token_not_found`), at `path`.
 */
export async function findTarget(runner: Runner, name: string, path: string): Promise<Target> {
  if (name === '') {
    throw invalidInput(path, 'must not be empty', 'empty_target')
  }
  const byKey = await findTokenByKey(runner, name)
  if (byKey !== undefined) return { token: byKey, matchedBy: 'token_key' }
  const byUsername = await findTokenByUsername(runner, name)
  if (byUsername !== undefined) return { token: byUsername, matchedBy: 'username' }
  throw tokenNotFound(path)
}

// The name is not repeated: it may be a credential that somebody put in the wrong place.
export function tokenNotFound(path: string): RpcError {
  return new RpcError('token_not_found', 'There is no such token', { path })
}
