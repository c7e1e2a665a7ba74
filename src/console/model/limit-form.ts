import type { ApiDocument, JsonSchema } from './schema-form.ts'

/** What limits of tokens can be made of, as the server's document says. */
export interface LimitWords {
  /** `global` first. */
  readonly scopes: readonly string[]
  readonly permissions: readonly PermissionWord[]
}

export interface PermissionWord {
  readonly kind: string
  readonly verbs: readonly string[]
  /** Whether a verb has a pattern of names; without one the scope alone says which. */
  readonly hasPattern: boolean
}

export interface ScopeEntry {
  readonly kind: string
  readonly pattern: string
}

export interface PermissionEntry extends ScopeEntry {
  readonly verb: string
}

/** A limit of a token on the wire. */
export interface WireLimit {
  readonly scopes: readonly unknown[]
  readonly permissions: readonly unknown[]
}

/** Reads the words off the parameters of `token_explain`, which names each scope and permission. */
export function limitWordsOf({ methods }: ApiDocument): LimitWords {
  const params = methods.find(({ name }) => name === 'token_explain')?.params ?? []
  const schemaOf = (wanted: string): JsonSchema => params.find(({ name }) => name === wanted)?.schema ?? {}
  const scopes = Object.keys(propertiesOf(schemaOf('scope')))
  const permissions = Object.entries(propertiesOf(schemaOf('permission')))
  return {
    scopes: ['global', ...scopes.filter(kind => kind !== 'global')],
    permissions: permissions.map(([kind, schema]) => ({
      kind,
      verbs: schema.enum?.map(String) ?? Object.keys(propertiesOf(schema)),
      hasPattern: schema.enum === undefined,
    })),
  }
}

function propertiesOf({ properties, anyOf = [] }: JsonSchema): Readonly<Record<string, JsonSchema>> {
  return properties ?? anyOf.find(each => each.properties !== undefined)?.properties ?? {}
}

export function writeScope({ kind, pattern }: ScopeEntry): unknown {
  return kind === 'global' ? 'global' : { [kind]: pattern }
}

export function writePermission({ kind, verb, pattern }: PermissionEntry, words: LimitWords): unknown {
  const { hasPattern = true } = words.permissions.find(word => word.kind === kind) ?? {}
  return { [kind]: hasPattern ? { [verb]: pattern } : verb }
}

/** `limits` with another scope or permission in the one at `at`. */
export function withEntry(
  limits: readonly WireLimit[],
  at: number,
  kind: 'scopes' | 'permissions',
  entry: unknown,
): readonly WireLimit[] {
  return limits.map((limit, i) => (i === at ? { ...limit, [kind]: [...limit[kind], entry] } : limit))
}

/** `limits` without one of the scopes or permissions of the one at `at`. */
export function withoutEntry(
  limits: readonly WireLimit[],
  at: number,
  kind: 'scopes' | 'permissions',
  index: number,
): readonly WireLimit[] {
  return limits.map((limit, i) => (i === at ? { ...limit, [kind]: limit[kind].toSpliced(index, 1) } : limit))
}

/** A scope in one line: `global`, `js_worker demo_*`. */
export function scopeText(scope: unknown): string {
  if (typeof scope === 'string') return scope
  return memberText(scope)
}

/** A permission in one line: `js_result read *`, `js_worker create`. */
export function permissionText(permission: unknown): string {
  return memberText(permission)
}

function memberText(value: unknown): string {
  if (value === null) return ''
  if (typeof value !== 'object') return String(value)
  const [[name, inner] = ['', null]] = Object.entries(value)
  return `${name} ${memberText(inner)}`.trim()
}
