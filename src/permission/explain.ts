import type { Identity } from './grant.ts'
import type { Limit, Permission, Scope } from './limit.ts'
import { coversPattern } from './pattern.ts'

/** Why an action is allowed or not, in a stable word. */
export const becauses = [
  'super_token',
  'limit_covers_both',
  'no_limit_covers_scope',
  'no_limit_covers_permission',
  'no_limit_covers_both',
] as const

export type Because = (typeof becauses)[number]

/** `limit_index` counts from 0 in the list that decided: a JWT's own where it has one and its issuer agrees. */
export interface Explanation {
  readonly allowed: boolean
  readonly limit_index: number | null
  readonly because: Because
}

/** Whether the identity may use this permission on all objects of this scope, and which limit says so. */
export function explain(
  identity: Pick<Identity, 'isSuper' | 'limits'>,
  scope: Scope,
  permission: Permission,
): Explanation {
  if (identity.isSuper) return { allowed: true, limit_index: null, because: 'super_token' }
  const answers = identity.limits.map(list => explainList(list, scope, permission))
  return answers.find(answer => !answer.allowed) ?? answers.at(-1) ?? explainList([], scope, permission)
}

function explainList(limits: readonly Limit[], scope: Scope, permission: Permission): Explanation {
  const scopeCovered = limits.map(limit => limit.scopes.some(other => coversScope(other, scope)))
  const permissionCovered = limits.map(limit => limit.permissions.some(other => covers(other, permission)))
  const index = scopeCovered.findIndex((covered, i) => covered && permissionCovered[i] === true)
  if (index !== -1) return { allowed: true, limit_index: index, because: 'limit_covers_both' }
  return {
    allowed: false,
    limit_index: null,
    because: reasonFor(scopeCovered.includes(true), permissionCovered.includes(true)),
  }
}

function reasonFor(scopeCovered: boolean, permissionCovered: boolean): Because {
  if (!scopeCovered) return 'no_limit_covers_scope'
  return permissionCovered ? 'no_limit_covers_both' : 'no_limit_covers_permission'
}

function coversScope(wide: Scope, narrow: Scope): boolean {
  if (wide.kind === 'global') return true
  return wide.kind === narrow.kind && coversPattern(wide.pattern, narrow.pattern)
}

function covers(wide: Permission, narrow: Permission): boolean {
  return wide.kind === narrow.kind && wide.verb === narrow.verb && coversPattern(wide.pattern, narrow.pattern)
}
