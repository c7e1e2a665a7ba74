import { coversPattern, type Pattern } from './pattern.ts'

/**
 * A set of names: everything, or the listed names and every name with one of the prefixes. All empty: nothing. None of them is
 * covered by another.
 */
export interface NameSet {
  readonly everything: boolean
  readonly names: readonly string[]
  readonly prefixes: readonly string[]
}

export const everyName: NameSet = { everything: true, names: [], prefixes: [] }
export const noName: NameSet = { everything: false, names: [], prefixes: [] }

/** A name, or all names with a prefix. */
type Part = Pick<Pattern, 'literal' | 'isPrefix'>

/** The names that at least one of the patterns matches. */
export function nameSetOf(parts: readonly Part[]): NameSet {
  // Among texts in order, whatever begins with a prefix follows it at once; `a*` has to come before `a`.
  const ordered = parts.toSorted(
    (a, b) => compare(a.literal, b.literal) || Number(b.isPrefix) - Number(a.isPrefix),
  )
  const kept: Part[] = []
  for (const part of ordered) {
    const last = kept.at(-1)
    if (last === undefined || !coversPattern(last, part)) kept.push(part)
  }
  if (kept[0]?.isPrefix === true && kept[0].literal === '') return everyName
  return {
    everything: false,
    names: kept.filter(part => !part.isPrefix).map(part => part.literal),
    prefixes: kept.filter(part => part.isPrefix).map(part => part.literal),
  }
}

function compare(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

function partsOf({ everything, names, prefixes }: NameSet): readonly Part[] {
  if (everything) return [{ literal: '', isPrefix: true }]
  return [
    ...names.map(literal => ({ literal, isPrefix: false })),
    ...prefixes.map(literal => ({ literal, isPrefix: true })),
  ]
}

/** The names of all the sets together. */
export function unite(sets: readonly NameSet[]): NameSet {
  return nameSetOf(sets.flatMap(partsOf))
}

/** The names that are in both sets. */
export function intersect(a: NameSet, b: NameSet): NameSet {
  const others = partsOf(b)
  return nameSetOf(partsOf(a).flatMap(part => others.flatMap(other => smaller(part, other))))
}

function smaller(a: Part, b: Part): readonly Part[] {
  if (coversPattern(a, b)) return [b]
  return coversPattern(b, a) ? [a] : []
}

/**
 * Whether every name of `narrow` is in `wide`. Exact: infinitely many names share a prefix, so a part of the one is covered only
 * where a part of the other covers it alone.
 */
export function isWithin(narrow: NameSet, wide: NameSet): boolean {
  const parts = partsOf(wide)
  return partsOf(narrow).every(part => parts.some(other => coversPattern(other, part)))
}

export function isEmpty({ everything, names, prefixes }: NameSet): boolean {
  return !everything && names.length === 0 && prefixes.length === 0
}
