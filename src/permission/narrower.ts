import { type Action, grantedPatterns, type Identity, permittedPatterns } from './grant.ts'
import { type Limit, permissionVerbs, scopeKinds } from './limit.ts'
import { coverAll } from './name-set.ts'

/** Every action that limits can grant; `global` covers the objects of every kind, so it is none by itself. */
const everyAction: readonly Action[] = scopeKinds.flatMap(scope =>
  Object.entries(permissionVerbs).flatMap(([permission, verbs]) =>
    verbs.map(verb => ({ scope, permission, verb })),
  ),
)

/**
 * True when the parent may do all that the limits would grant, on every name. Exact: infinitely many names share
 * a prefix, so a child's pattern is covered only where one of the parent's covers it alone.
 */
export function isNarrower(limits: readonly Limit[], parent: Identity): boolean {
  return everyAction.every(action =>
    coverAll(permittedPatterns(parent, action), grantedPatterns(limits, action)),
  )
}
