import { isExactNumber } from '../json.ts'

/** What `{"view":"name"}` stands for. */
export interface NamedView {
  readonly id: number
  /** The resource whose conditions it holds. */
  readonly resource: string
  readonly condition: readonly unknown[]
  /** The views by the names that its own conditions use: those that its owner means by them. */
  readonly inside: Views
}

/** By the names that one token uses. */
export type Views = ReadonlyMap<string, NamedView>

/** Whether a condition list names a view, at whatever depth. Most lists do not: nothing is made to find that out. */
export function namesView(list: readonly unknown[]): boolean {
  for (let i = 0; i < list.length; i++) if (isOrHoldsView(list[i])) return true
  return false
}

function isOrHoldsView(condition: unknown): boolean {
  if (!isMember(condition)) return false
  const { view, or, and, not } = condition
  if (view !== undefined) return true
  return (Array.isArray(or) && namesView(or)) || (Array.isArray(and) && namesView(and)) || isOrHoldsView(not)
}

/** The names of views in a condition list, at whatever depth. */
export function viewNames(list: readonly unknown[]): readonly string[] {
  return list.flatMap(condition => {
    if (!isMember(condition)) return []
    const { view, or, and, not } = condition
    return [
      ...(typeof view === 'string' ? [view] : []),
      ...viewNames([or, and].flatMap(each => (Array.isArray(each) ? each : []))),
      ...(not === undefined ? [] : viewNames([not])),
    ]
  })
}

interface Members {
  readonly view?: unknown
  readonly or?: unknown
  readonly and?: unknown
  readonly not?: unknown
}

function isMember(condition: unknown): condition is Members {
  return typeof condition === 'object' && condition !== null && !isExactNumber(condition)
}
