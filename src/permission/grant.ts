import { RpcError } from '../errors.ts'
import {
  type Limit,
  type Permission,
  permissionVerbs,
  type Scope,
  scopeKinds,
  type TokenLimit,
} from './limit.ts'
import {
  everyName,
  intersect,
  isEmpty,
  isWithin,
  type NameSet,
  nameSetOf,
  noName,
  unite,
} from './name-set.ts'
import type { Pattern } from './pattern.ts'

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
  /** What was presented; absent where nothing was, as when a script acts. */
  readonly presented?: Presented
  /** Where it comes from, so that work done later can be done in its name; absent: its token alone. */
  readonly origins?: readonly Origin[]
}

/** What was presented, without its secret: enough to look its holder up again. */
export interface Presented {
  readonly tokenKey: string
  /** Which of the token's secrets; absent: a JWT whose issuer does not say. */
  readonly generation?: number | undefined
  /** The limits of a JWT. */
  readonly limit?: TokenLimit | undefined
  /** The last moment of a JWT, epoch milliseconds. */
  readonly validTo?: number
}

/** May do nothing but what is public. */
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
  if (!isWithin(nameSetOf([pattern]), permittedNames(identity, action))) throw permissionDenied()
}

/**
 * The names on which the identity may do this. Throws RpcError 102 (reason `permission_denied`) when there is none: an
 * empty answer would look like success.
 */
export function requireSome(identity: Identity, action: Action): NameSet {
  const permitted = permittedNames(identity, action)
  if (isEmpty(permitted)) throw permissionDenied()
  return permitted
}

/** Throws RpcError 102 (reason `permission_denied`) unless it is the super token. */
export function requireSuper({ isSuper }: Identity): void {
  if (!isSuper) throw permissionDenied()
}

/** 102: the same words for every refusal, so that a forbidden object and an absent one look alike. */
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
  const found = known.get(key) ?? commonNames(identity.limits, action)
  known.set(key, found)
  return found
}

function commonNames(lists: Identity['limits'], action: Action): NameSet {
  return lists.length === 0 ? noName : lists.map(list => grantedNames(list, action)).reduce(intersect)
}

/** Scope and permission never combine across limits: each limit is intersected by itself. */
function grantedNames(limits: readonly Limit[], action: Action): NameSet {
  return unite(
    limits.map(({ scopes, permissions }) =>
      intersect(
        nameSetOf(scopes.filter(scope => isScopeOf(scope, action)).map(scope => scope.pattern)),
        nameSetOf(permissions.filter(each => isFor(each, action)).map(permission => permission.pattern)),
      ),
    ),
  )
}

/** Every action that limits can grant; `global` covers the objects of every kind and is no kind itself. */
const everyAction: readonly Action[] = scopeKinds.flatMap(scope =>
  Object.entries(permissionVerbs).flatMap(([permission, verbs]) =>
    verbs.map(verb => ({ scope, permission, verb })),
  ),
)

/** Whether the parent may do all that the limits would grant, on every name. */
export function isNarrower(limits: readonly Limit[], parent: Identity): boolean {
  return everyAction.every(action => isWithin(grantedNames(limits, action), permittedNames(parent, action)))
}
