import { isExactNumber, parseJson } from '../json.ts'
import { containsJson } from './json-contains.ts'
import type { Leaf, Predicate } from './predicate.ts'
import { readTimestamp } from './value.ts'

/** A record in memory: its wire row, and the columns that are null in the database (a JSON null does not count). */
export interface MatchedRow {
  readonly members: Readonly<Record<string, unknown>>
  readonly nulls: ReadonlySet<string>
  /** Texts in lower case, by column, kept for the next search in them. */
  readonly lowered?: Map<string, string>
}

export type Matcher = (row: MatchedRow) => boolean

/**
 * A predicate as a function over rows in memory: what the SQL of `compilePredicate` says of the same row. Prepared once;
 * nothing is parsed while rows are matched. Throws TypeError for what only pages have (`before`, `after`).
 */
export function compileMatcher(predicate: Predicate): Matcher {
  switch (predicate.type) {
    case 'and':
      return allMatch(predicate.all)
    case 'or': {
      const all = predicate.all.map(compileMatcher)
      return row => all.some(matches => matches(row))
    }
    case 'not': {
      const matches = compileMatcher(predicate.predicate)
      return row => !matches(row)
    }
    case 'nothing':
      return () => false
    default:
      return compileLeaf(predicate)
  }
}

/** Every one of the predicates; none at all matches every row. */
export function allMatch(predicates: readonly Predicate[]): Matcher {
  const all = predicates.map(compileMatcher)
  const [only] = all
  if (only !== undefined && all.length === 1) return only
  return row => all.every(matches => matches(row))
}

function compileLeaf(leaf: Leaf): Matcher {
  switch (leaf.type) {
    case 'equal':
      return on(leaf.column, held => held === leaf.value)
    case 'any': {
      const values = new Set<unknown>(leaf.values)
      return on(leaf.column, held => values.has(held))
    }
    case 'prefix':
      return on(leaf.column, held => String(held).startsWith(leaf.from))
    case 'time_from': {
      const from = readTimestamp(leaf.time)
      return on(leaf.column, held => Number(held) >= from)
    }
    case 'time_to': {
      const to = readTimestamp(leaf.time)
      return on(leaf.column, held => Number(held) <= to)
    }
    case 'elapsed_from':
      return elapsed(leaf, milliseconds => milliseconds >= leaf.milliseconds)
    case 'elapsed_to':
      return elapsed(leaf, milliseconds => milliseconds <= leaf.milliseconds)
    case 'null':
      return ({ nulls }) => nulls.has(leaf.column)
    case 'not_null':
      return ({ nulls }) => !nulls.has(leaf.column)
    case 'json_contains': {
      const wanted = parseJson(leaf.json)
      return on(leaf.column, held => containsJson(held, wanted))
    }
    case 'text_contains': {
      const text = leaf.text.toLowerCase()
      const { column } = leaf
      return row => !row.nulls.has(column) && loweredText(row, column).includes(text)
    }
    default:
      throw new TypeError(`no row is matched by ${leaf.type} in memory`)
  }
}

/** A column that is null matches nothing. */
function on(column: string, test: (held: unknown) => boolean): Matcher {
  return ({ members, nulls }) => !nulls.has(column) && test(members[column])
}

/** The text of a column that is not null, in lower case. */
export function loweredText({ members, lowered }: MatchedRow, column: string): string {
  const known = lowered?.get(column)
  if (known !== undefined) return known
  const text = String(members[column]).toLowerCase()
  lowered?.set(column, text)
  return text
}

function elapsed(
  { minuend, subtrahend }: { readonly minuend: string; readonly subtrahend: string },
  test: (milliseconds: number) => boolean,
): Matcher {
  return ({ members, nulls }) =>
    !nulls.has(minuend) &&
    !nulls.has(subtrahend) &&
    test(Number(members[minuend]) - Number(members[subtrahend]))
}

/** The cost of a search for a text in another, or for a value in a payload, in comparisons. */
const searchCost = 10
/** A list or object within a list is compared with every one that the row holds. */
const pairsCost = 500

/**
 * What it costs to match one row, in comparisons of two short values: `{"id":1}` costs 1, a substring or a containment at
 * least 10, and what is nested adds up.
 */
export function matchCost(predicates: readonly Predicate[]): number {
  return predicates.reduce((sum, each) => sum + costOf(each), 0)
}

function costOf(predicate: Predicate): number {
  switch (predicate.type) {
    case 'and':
    case 'or':
      return matchCost(predicate.all)
    case 'not':
      return costOf(predicate.predicate)
    default:
      return leafCost(predicate)
  }
}

function leafCost(leaf: Leaf): number {
  if (leaf.type === 'text_contains') return searchCost
  return leaf.type === 'json_contains' ? searchCost + valueCost(parseJson(leaf.json), false) : 1
}

function valueCost(value: unknown, isInList: boolean): number {
  if (typeof value !== 'object' || value === null || isExactNumber(value)) return 1
  const isList = Array.isArray(value)
  const inside = Object.values(value).reduce<number>((sum, each) => sum + valueCost(each, isList), 0)
  return inside + (isInList ? pairsCost : 1)
}
