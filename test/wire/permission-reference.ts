import type { TokenLimit } from '../../src/permission/limit.ts'

/** What is done to records, and by which names: `js_worker`, `js_result`, `read`. */
export interface Doing {
  readonly scope: string
  readonly permission: string
  readonly verb: string
}

/** Which of the names it is permitted for: the rule of permissions once more, in a few lines and without the code under test. */
export function permittedNames(
  limits: TokenLimit,
  doing: Doing,
  names: readonly string[],
): readonly string[] {
  const granted = grants(limits, doing)
  return names.filter(name =>
    granted.some(([scope, permission]) => covers(scope, name) && covers(permission, name)),
  )
}

/** Whether there is any name at all that it is permitted for. */
export function isPermittedSomewhere(limits: TokenLimit, doing: Doing): boolean {
  return grants(limits, doing).some(([scope, permission]) => meet(scope, permission))
}

/** Scope and permission patterns that count together: of the same limit, for this doing. */
function grants(limits: TokenLimit, { scope, permission, verb }: Doing): [string, string][] {
  return limits.flatMap(limit => {
    const scopes = limit.scopes.flatMap(each => patternOf(each, scope))
    const permissions = limit.permissions.flatMap(each => {
      const pattern = new Map(Object.entries(new Map(Object.entries(each)).get(permission) ?? {})).get(verb)
      return pattern === undefined ? [] : [String(pattern)]
    })
    return scopes.flatMap(one => permissions.map((other): [string, string] => [one, other]))
  })
}

function patternOf(scope: TokenLimit[number]['scopes'][number], kind: string): string[] {
  if (scope === 'global' || 'global' in scope) return ['*']
  const pattern = new Map(Object.entries(scope)).get(kind)
  return pattern === undefined ? [] : [String(pattern)]
}

function covers(pattern: string, name: string): boolean {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern
}

function meet(a: string, b: string): boolean {
  if (!a.endsWith('*')) return covers(b, a)
  return covers(a, b.replace(/\*$/, '')) || (b.endsWith('*') && covers(b, a.slice(0, -1)))
}
