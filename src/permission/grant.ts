import { RpcError } from '../errors.ts'
import type { Limit, Permission, Scope, TokenLimit } from './limit.ts'
import { coverAll, everyName, intersectAll, minimalPatterns, type NameSet, nameSetOf } from './name-set.ts'
import { compilePattern, type Pattern } from './pattern.ts'

export type { Limit } from './limit.ts'
export type { NameSet } from './name-set.ts'

/** Who a credential turned out to be, and what it may do. */
export interface Identity {
  readonly tokenKey: string
  readonly isSuper: boolean
  /** Every inner list must permit (a JWT adds one to its issuer's); inside a list one limit is enough. */
  readonly limits: readonly (readonly Limit[])[]
  /** Which of its token's secrets was presented; a JWT has none, so it cannot issue another. */
  readonly secretGeneration?: number
  /** The last moment at which the credential holds, epoch milliseconds; absent: no end is known. */
  readonly validTo?: number
  /** What was presented; absent: nobody did, as where a script acts. */
  readonly presented?: Presented
  /** Where it comes from, so that work done later can be done in its name; absent: its token alone. */
  readonly origins?: readonly Origin[]
}

/** What was presented, without what is secret of it: enough to look its holder up again. */
export interface Presented {
  readonly tokenKey: string
  /** Which of the token's secrets; absent: a JWT whose issuer does not say. */
  readonly generation?: number | undefined
  /** The limits of a JWT. */
  readonly limit?: TokenLimit | undefined
  /** The last moment of a JWT, epoch milliseconds. */
  readonly validTo?: number
}

/** May do nothing: what is public is public for it too. */
export const nobody: Identity = { tokenKey: '', isSuper: false, limits: [] }

/** A token, with the limits of the JWT that was presented in its name. */
export interface Origin {
  readonly tokenKey: string
  readonly limit?: TokenLimit
}

/** The origins of an identity, each once. */
export function originsOf({ tokenKey, origins }: Identity): readonly Origin[] {
  return origins ?? [{ tokenKey }]
}

/** May do what both may: a script acts for its caller, within what its owner may. */
export function intersectIdentities(a: Identity, b: Identity): Identity {
  const all = [...originsOf(a), ...originsOf(b)]
  const distinct = new Map(all.map(origin => [JSON.stringify([origin.tokenKey, origin.limit]), origin]))
  return {
    tokenKey: a.tokenKey,
    isSuper: a.isSuper && b.isSuper,
    limits: [...a.limits, ...b.limits],
    origins: [...distinct.values()],
  }
}

/** What is about to be done to a named object, e.g. `{scope: 'js_worker', permission: 'js_result', verb: 'read'}`. */
export interface Action {
  readonly scope: string
  readonly permission: string
  readonly verb: string
}

/** True when the identity may do this to the object of this name. An identity without any list may do nothing. */
export function permits(identity: Identity, action: Action, name: string): boolean {
  if (identity.isSuper) return true
  return (
    identity.limits.length > 0 &&
    identity.limits.every(list => list.some(limit => grants(limit, action, name)))
  )
}

function grants(limit: Limit, action: Action, name: string): boolean {
  return (
    limit.scopes.some(scope => isScopeOf(scope, action) && scope.pattern.matches(name)) &&
    limit.permissions.some(permission => isFor(permission, action) && permission.pattern.matches(name))
  )
}

function isScopeOf(scope: Scope, action: Action): boolean {
  return scope.kind === 'global' || scope.kind === action.scope
}

function isFor(permission: Permission, action: Action): boolean {
  return permission.kind === action.permission && permission.verb === action.verb
}

/** Throws RpcError 102 (reason `permission_denied`) unless the identity may do this to the object of this name. */
export function requirePermission(identity: Identity, action: Action, name: string): void {
  if (!permits(identity, action, name)) throw permissionDenied()
}

/** Throws RpcError 102 (reason `permission_denied`) unless the identity may do this to every object whose name matches. */
export function requirePattern(identity: Identity, action: Action, pattern: Pattern): void {
  if (!coverAll(permittedPatterns(identity, action), [pattern])) throw permissionDenied()
}

/**
 * The names on which the identity may do this. Throws RpcError 102 (reason `permission_denied`) when there is none: an
 * empty answer would look like success.
 */
export function requireSome(identity: Identity, action: Action): NameSet {
  const permitted = permittedNames(identity, action)
  if (permitted.everything || permitted.names.length > 0 || permitted.prefixes.length > 0) return permitted
  throw permissionDenied()
}

/** Throws RpcError 102 (reason `permission_denied`) unless it is the super token. */
export function requireSuper({ isSuper }: Identity): void {
  if (!isSuper) throw permissionDenied()
}

/** 102: the same words for whatever was refused, so that a forbidden object and an absent one look alike. */
export function permissionDenied(): RpcError {
  return new RpcError('permission_denied', 'Permission denied')
}

const memory = new WeakMap<Identity, Map<string, NameSet>>()

/** The names on which the identity may do this; `permits` of a name says the same. Remembered for each identity. */
export function permittedNames(identity: Identity, action: Action): NameSet {
  if (identity.isSuper) return everyName
  const known = memory.get(identity) ?? new Map<string, NameSet>()
  memory.set(identity, known)
  const key = `${action.scope} ${action.permission} ${action.verb}`
  const found = known.get(key) ?? nameSetOf(permittedPatterns(identity, action))
  known.set(key, found)
  return found
}

/** The same as patterns, of which none covers another. */
export function permittedPatterns(identity: Identity, action: Action): readonly Pattern[] {
  if (identity.isSuper) return [compilePattern('*')]
  const lists = identity.limits.map(list => grantedPatterns(list, action))
  const all = lists.length === 0 ? [] : lists.reduce(intersectAll)
  return minimalPatterns(all)
}

/** Scope and permission never combine across limits: each limit is intersected by itself. */
export function grantedPatterns(limits: readonly Limit[], action: Action): readonly Pattern[] {
  return limits.flatMap(({ scopes, permissions }) =>
    intersectAll(
      scopes.filter(scope => isScopeOf(scope, action)).map(scope => scope.pattern),
      permissions.filter(permission => isFor(permission, action)).map(permission => permission.pattern),
    ),
  )
}
