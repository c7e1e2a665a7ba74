import { meantOrAll, UsageError } from '../terminal/failure.ts'

const nestings = ['or', 'and', 'not']

/**
 * Throws UsageError that names a word or key of a condition that is not `known`, at any depth, and the nearest one: it
 * is mistyped, and that is worth more than the server's refusal.
 */
export function requireKnown(condition: unknown, known: ReadonlySet<string>): void {
  for (const [name, value] of membersOf(condition)) {
    if (nestings.includes(name)) {
      for (const inner of Array.isArray(value) ? value : [value]) requireKnown(inner, known)
    } else if (!known.has(name)) {
      throw new UsageError(`unknown condition "${name}"${meantOrAll(name, [...known])}`)
    }
  }
}

/** Whether conditions say how many records are wanted. */
export function hasLimit(conditions: readonly unknown[]): boolean {
  return conditions.some(condition =>
    membersOf(condition).some(([name]) => name === 'last' || name === 'limit'),
  )
}

function membersOf(condition: unknown): readonly (readonly [string, unknown])[] {
  if (typeof condition === 'string') return [[condition, undefined]]
  return typeof condition === 'object' && condition !== null ? Object.entries(condition) : []
}
