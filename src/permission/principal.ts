import { hash } from 'node:crypto'
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
  const texts = [...new Set(origins.map(({ tokenKey, limit }) => JSON.stringify([tokenKey, limit], inOrder)))]
  return hash('sha256', JSON.stringify(texts.sort()), 'base64url')
}

// The database does not keep the order of an object's members.
function inOrder(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}
