import { z } from 'zod'
import { textCheck } from '../text-check.ts'
import { patternSchema } from './name.ts'
import { compilePattern, nameTextFault, type Pattern } from './pattern.ts'

/** The kinds of objects that a scope can name; each is the `scope` of an Action. */
export const scopeKinds = ['js_worker', 'event', 'sender', 'service', 'execution', 'folder', 'token'] as const

/** The permissions and their verbs, each with a pattern; a resource's records are read, written and deleted. */
export const permissionKinds = {
  js_result: ['read', 'write', 'delete'],
  event_log: ['read', 'write', 'delete'],
  service_event: ['read', 'write', 'delete'],
  execution_event: ['read', 'write', 'delete'],
  change_event: ['read', 'write', 'delete'],
  audit_log: ['read'],
  event: ['send', 'receive'],
  event_handler: ['read', 'write', 'delete', 'claim'],
} as const

/** Permissions that are a verb alone, e.g. `{"js_worker":"create"}`: the scope says on which names. */
export const bareKinds = {
  js_worker: ['list_all_js_worker', 'create', 'read', 'write', 'delete', 'run_defined_js_worker'],
} as const

/**
 * What limits of NodeGet's programs name though there is none of it here: kept as given, shown again, and granting
 * nothing. Of its js_worker verbs one is foreign: scripts that are not stored do not run.
 */
export const foreignScopeKinds = ['agent_uuid', 'kv_namespace', 'static_bucket', 'db'] as const
export const foreignPermissionKinds = [
  'static_monitoring',
  'dynamic_monitoring',
  'dynamic_monitoring_summary',
  'task',
  'crontab',
  'crontab_result',
  'kv',
  'terminal',
  'node_get',
  'monitoring_uuid',
  'static_bucket',
  'static_bucket_file',
  'db',
] as const
const foreignVerbs = ['run_raw_js_worker'] as const

/** Every permission with its verbs, of either kind. */
export const permissionVerbs: Readonly<Record<string, readonly string[]>> = {
  ...permissionKinds,
  ...bareKinds,
}

const maxLimits = 100
const maxEntries = 100
const maxPatterns = 1000

/** A strict object of which exactly one member is given, e.g. `{"read": "demo_*"}`. */
function oneOf(names: readonly string[], member: (name: string) => z.ZodType) {
  const shape = Object.fromEntries(names.map(name => [name, member(name).optional()]))
  return z
    .strictObject(shape)
    .refine(isSingle, 'must have exactly one member')
    .meta({ minProperties: 1, maxProperties: 1 })
}

/** `"global"`, `{"global":null}` or a kind of object with a pattern, e.g. `{"js_worker":"demo_*"}`. */
export const scopeSchema = z.union([
  z.literal('global'),
  oneOf(['global', ...scopeKinds], kind => (kind === 'global' ? z.null() : patternSchema)),
])

/** A permission with a verb and a pattern, e.g. `{"js_result":{"read":"demo_*"}}`, or one of bareKinds. */
export const permissionSchema = oneOf(
  [...Object.keys(permissionKinds), ...Object.keys(bareKinds)],
  permissionMember,
)

function permissionMember(kind: string): z.ZodType {
  const bare = verbsOf(bareKinds, kind)
  if (bare.length > 0) return z.enum(bare)
  return oneOf(verbsOf(permissionKinds, kind), () => patternSchema)
}

function verbsOf(kinds: Readonly<Record<string, readonly string[]>>, kind: string): readonly string[] {
  return Object.hasOwn(kinds, kind) ? (kinds[kind] ?? []) : []
}

const foreignText = z.string().superRefine(textCheck(nameTextFault))
// A verb alone, or with what it may be done to.
const foreignVerb = z.union([
  foreignText,
  z.record(z.string(), foreignText.nullable()).refine(isSingle, 'must have exactly one member'),
])

function isSingle(value: object): boolean {
  return Object.keys(value).length === 1
}

const limitScopeSchema = z.union([
  z.literal('global'),
  oneOf(['global', ...scopeKinds, ...foreignScopeKinds], kind => {
    if (kind === 'global') return z.null()
    return includes(foreignScopeKinds, kind) ? foreignText : patternSchema
  }),
])

const limitPermissionSchema = oneOf(
  [...Object.keys(permissionKinds), ...Object.keys(bareKinds), ...foreignPermissionKinds],
  kind => {
    if (includes(foreignPermissionKinds, kind)) return foreignVerb
    return kind === 'js_worker' ? z.enum([...bareKinds.js_worker, ...foreignVerbs]) : permissionMember(kind)
  },
)

function includes(kinds: readonly string[], kind: string): boolean {
  return kinds.includes(kind)
}

/** A token's list of limits as clients write it and as the database keeps it. */
export const tokenLimitSchema = z
  .array(
    z.strictObject({
      scopes: z.array(limitScopeSchema).max(maxEntries),
      permissions: z.array(limitPermissionSchema).max(maxEntries),
    }),
  )
  .max(maxLimits)
  .refine(limits => countEntries(limits) <= maxPatterns, `must have at most ${maxPatterns} patterns in all`)
  .meta({ title: 'token limit' })

export type TokenLimit = z.infer<typeof tokenLimitSchema>
export type WireScope = z.infer<typeof scopeSchema>
export type WirePermission = z.infer<typeof permissionSchema>

function countEntries(limits: readonly { scopes: readonly unknown[]; permissions: readonly unknown[] }[]) {
  return limits.reduce((sum, limit) => sum + limit.scopes.length + limit.permissions.length, 0)
}

/** A scope ready to match; `kind` is `global` or one of scopeKinds. */
export interface Scope {
  readonly kind: string
  readonly pattern: Pattern
}

/** A permission ready to match, e.g. `js_result`, `read` and the names it covers. */
export interface Permission {
  readonly kind: string
  readonly verb: string
  readonly pattern: Pattern
}

/** What one limit grants: each of its permissions on the objects of each of its scopes. */
export interface Limit {
  readonly scopes: readonly Scope[]
  readonly permissions: readonly Permission[]
}

/** Compiles a list that tokenLimitSchema has accepted; what is foreign grants nothing and is left out. */
export function compileLimits(limits: TokenLimit): readonly Limit[] {
  return limits.map(limit => ({
    scopes: limit.scopes.filter(scope => !isForeignScope(scope)).map(compileScope),
    permissions: limit.permissions
      .filter(permission => !isForeignPermission(permission))
      .map(compilePermission),
  }))
}

function isForeignScope(scope: WireScope): boolean {
  return scope !== 'global' && includes(foreignScopeKinds, onlyMember(scope)[0])
}

function isForeignPermission(permission: WirePermission): boolean {
  const [kind, verb] = onlyMember(permission)
  return includes(foreignPermissionKinds, kind) || includes(foreignVerbs, String(verb))
}

/** Compiles a scope that scopeSchema has accepted. */
export function compileScope(scope: WireScope): Scope {
  const [kind, pattern] = scope === 'global' ? ['global', null] : onlyMember(scope)
  return { kind, pattern: compilePattern(typeof pattern === 'string' ? pattern : '*') }
}

/** Compiles a permission that permissionSchema has accepted. */
export function compilePermission(permission: WirePermission): Permission {
  const [kind, verbs] = onlyMember(permission)
  if (typeof verbs === 'string') return { kind, verb: verbs, pattern: compilePattern('*') }
  const [verb, pattern] = onlyMember(verbs)
  return { kind, verb, pattern: compilePattern(String(pattern)) }
}

function onlyMember(object: unknown): [string, unknown] {
  const entry = Object.entries(object as object)[0]
  if (entry === undefined) throw new TypeError('expected an object with one member')
  return entry
}
