import type { z } from 'zod'
import { invalidParams, type ReasonOf, type RpcError } from './errors.ts'
import { isExactNumber, joinPath } from './json.ts'
import { didYouMean, nearest } from './nearest.ts'

export interface InputOptions {
  /** Where the value stands, e.g. `query.condition[2].id`; absent: its members stand at the top. */
  readonly path?: string
  /** The reason of a fault that has none of its own. */
  readonly reason?: ReasonOf<'invalid_params'>
}

/**
 * What `schema` makes of a value that a client sent. Throws RpcError -32602 with the path of the fault; one for an unknown
 * member also tells the nearest member there is (`did_you_mean`) and the required ones that are missing beside it (`missing`).
 */
export function parseInput<T>(
  schema: z.ZodType<T>,
  value: unknown,
  { path = '', reason = 'invalid_params' }: InputOptions = {},
): T {
  const parsed = schema.safeParse(value, inputContext)
  if (parsed.success) return parsed.data
  const issues = innermost(parsed.error.issues)
  const [issue] = issues
  const message = inexactNumber(issue, value) ?? issue?.message ?? 'invalid value'
  throw unknownMember(issues, value, path) ?? invalidParams(pathOf(path, issue?.path), message, reason)
}

type Issue = z.core.$ZodIssue

/** The names that each list of unknown ones was compared with: the issue that a client's fault becomes has lost its schema. */
const knownMembers = new WeakMap<readonly string[], readonly string[]>()

/** For a schema's own `safeParse` whose issues end up in `parseInput`: remembers what was known where a member is not. */
export const inputContext: z.core.ParseContext<z.core.$ZodIssue> = {
  error(issue) {
    if (issue.code === 'unrecognized_keys' && issue.inst !== undefined)
      knownMembers.set(issue.keys, Object.keys((issue.inst as z.ZodObject)._zod.def.shape))
    return undefined
  },
}

/** Of a union's alternatives the one that fitted furthest says best what is wrong. */
function innermost(issues: readonly Issue[]): readonly Issue[] {
  return issues.flatMap(issue => {
    if (issue.code !== 'invalid_union') return issue
    const [deepest] = issue.errors.toSorted((a, b) => depthOf(b[0]) - depthOf(a[0]))
    if (deepest === undefined || depthOf(deepest[0]) === 0) return issue
    return innermost(deepest.map(inner => ({ ...inner, path: [...issue.path, ...inner.path] })))
  })
}

/** A member that is unknown is one deeper than the object that has it. */
function depthOf(issue: Issue | undefined): number {
  if (issue === undefined) return 0
  return issue.path.length + (issue.code === 'unrecognized_keys' ? 1 : 0)
}

/** Comes before other faults: what is missing is there, most likely, under the wrong name. */
function unknownMember(issues: readonly Issue[], value: unknown, path: string): RpcError | undefined {
  const issue = issues.find(each => each.code === 'unrecognized_keys')
  const name = issue?.keys[0]
  if (issue === undefined || name === undefined) return undefined
  const known = knownMembers.get(issue.keys) ?? []
  const missing = issues
    .filter(each => each.path.length === issue.path.length + 1 && valueAt(value, each.path) === undefined)
    .map(each => String(each.path.at(-1)))
  const meant = nearest(name, known)
  const message = `unknown member${didYouMean(meant)}${missing.length === 0 ? '' : `; missing: ${missing.join(', ')}`}`
  return invalidParams(pathOf(path, [...issue.path, name]), message, 'unknown_member', {
    ...(meant !== undefined && { did_you_mean: meant }),
    ...(missing.length > 0 && { missing }),
  })
}

/** JSON has numbers of any length; to zod one that a double cannot hold is an object. */
function inexactNumber(issue: Issue | undefined, value: unknown): string | undefined {
  if (issue === undefined || !wantsNumber(issue)) return undefined
  const given = valueAt(value, issue.path)
  if (!isInexact(given)) return undefined
  const most = Number.MAX_SAFE_INTEGER
  const text = isExactNumber(given) ? given.rawJSON : String(given)
  const shown = text.length > maxDigitsShown ? `${text.slice(0, maxDigitsShown)}…` : text
  return `expected a number that a double holds exactly (whole ones from -${most} to ${most}), got ${shown}`
}

function wantsNumber(issue: Issue): boolean {
  if (issue.code === 'invalid_type') return issue.expected === 'int' || issue.expected === 'number'
  return issue.code === 'too_big' || issue.code === 'too_small'
}

const maxDigitsShown = 40

function isInexact(value: unknown): boolean {
  return isExactNumber(value) || (Number.isInteger(value) && !Number.isSafeInteger(value))
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let found = value
  for (const part of path) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, part)) return undefined
    found = (found as Record<PropertyKey, unknown>)[part]
  }
  return found
}

function pathOf(prefix: string, path: readonly PropertyKey[] = []): string {
  return joinPath(prefix === '' ? path : [prefix, ...path])
}
