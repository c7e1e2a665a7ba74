import { hash } from 'node:crypto'
import { RpcError } from '../errors.ts'
import { type Identity, type Origin, originsOf } from './grant.ts'

/**
 * Who acts, as one text to keep and to compare: the key of a token. A JWT with limits of its own, and a script that acts for
 * several, are not the token: they have a digest of all that they act for.
 */
export function principalOf(identity: Identity): string {
  return principalOfAll(originsOf(identity))
}

/** The same for origins that nobody has looked up. */
export function principalOfAll(origins: readonly Origin[]): string {
  const [only, ...others] = origins
  if (only !== undefined && others.length === 0 && only.limit === undefined) return only.tokenKey
  const texts = [...new Set(origins.map(textOf))]
  return hash('sha256', JSON.stringify(texts.sort()), 'base64url')
}

/** The most makers of one definition: each run looks all of them up. */
const maxMakers = 100

/**
 * Those who shaped a definition once `caller` has changed it: what it does, every one of them may. Throws RpcError 108
 * (`too_many_makers`).
 */
export function makersWith(makers: readonly Origin[], caller: Identity): readonly Origin[] {
  const known = new Set(makers.map(textOf))
  const added = originsOf(caller).filter(origin => !known.has(textOf(origin)))
  if (makers.length + added.length <= maxMakers) return [...makers, ...added]
  throw new RpcError(
    'too_many_makers',
    'Too many tokens have changed this definition; delete it and create it again',
  )
}

/** Whether nobody but the caller has shaped it: a JWT with limits of its own is not the token that issued it. */
export function isSoleMaker(makers: readonly Origin[], caller: Identity): boolean {
  const own = new Set(originsOf(caller).map(textOf))
  return makers.every(maker => own.has(textOf(maker)))
}

/** The same for the same origin. */
function textOf({ tokenKey, limit }: Origin): string {
  return JSON.stringify([tokenKey, limit], inOrder)
}

// The database does not keep the order of an object's members.
function inOrder(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}
