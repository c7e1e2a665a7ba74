import { isDeepStrictEqual } from 'node:util'
import { RpcError } from '../errors.ts'
import { type Identity, type Origin, originsOf } from './grant.ts'

/** The most that can shape one definition: each run recalls all of them. */
const maxMakers = 100

/**
 * Those who shaped a definition once `caller` has changed it: what it does, every one of them may. Throws RpcError 108
 * (`too_many_makers`).
 */
export function makersWith(makers: readonly Origin[], caller: Identity): readonly Origin[] {
  const added = originsOf(caller).filter(origin => !includes(makers, origin))
  if (makers.length + added.length <= maxMakers) return [...makers, ...added]
  throw new RpcError('too_many_makers', 'Too many tokens have changed this; create it again')
}

/** Whether nobody but the caller has shaped it: a JWT with limits of its own is not the token that issued it. */
export function isSoleMaker(makers: readonly Origin[], caller: Identity): boolean {
  const own = originsOf(caller)
  return makers.every(maker => includes(own, maker))
}

// The database does not keep the order of an object's members.
function includes(origins: readonly Origin[], wanted: Origin): boolean {
  return origins.some(origin => isDeepStrictEqual({ ...origin }, { ...wanted }))
}
