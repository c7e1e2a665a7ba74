import { coversPattern, intersectPatterns, type Pattern } from './pattern.ts'

/** A set of names: everything, or the listed names and every name with one of the prefixes. All empty: nothing. */
export interface NameSet {
  readonly everything: boolean
  readonly names: readonly string[]
  readonly prefixes: readonly string[]
}

export const everyName: NameSet = { everything: true, names: [], prefixes: [] }

/** The patterns that no other one of them covers, each once. */
export function minimalPatterns(patterns: readonly Pattern[]): readonly Pattern[] {
  // Among texts in order, whatever begins with a prefix follows it at once; `a*` has to come before `a`.
  const ordered = patterns.toSorted(
    (a, b) => compare(a.literal, b.literal) || Number(b.isPrefix) - Number(a.isPrefix),
  )
  const kept: Pattern[] = []
  for (const pattern of ordered) {
    const last = kept.at(-1)
    if (last === undefined || !coversPattern(last, pattern)) kept.push(pattern)
  }
  return kept
}

function compare(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

/** The patterns that match what one of `a` and one of `b` match. */
export function intersectAll(a: readonly Pattern[], b: readonly Pattern[]): readonly Pattern[] {
  const left = minimalPatterns(a)
  const right = minimalPatterns(b)
  return left
    .flatMap(one => right.map(other => intersectPatterns(one, other)))
    .filter(found => found !== undefined)
}

/** True when every name that `narrow` matches is matched by one of `wide`. */
export function coverAll(wide: readonly Pattern[], narrow: readonly Pattern[]): boolean {
  return narrow.every(pattern => wide.some(other => coversPattern(other, pattern)))
}

export function nameSetOf(patterns: readonly Pattern[]): NameSet {
  const minimal = minimalPatterns(patterns)
  if (minimal.some(pattern => pattern.text === '*')) return everyName
  return {
    everything: false,
    names: minimal.filter(pattern => !pattern.isPrefix).map(pattern => pattern.literal),
    prefixes: minimal.filter(pattern => pattern.isPrefix).map(pattern => pattern.literal),
  }
}
