import type { Clock } from '../async/clock.ts'
import { isExactNumber, parseJson } from '../json.ts'
import { containsJson } from './json-contains.ts'
import { comparesWith, equalJson, valueAtPath } from './json-path.ts'
import type { JsonPath, Leaf, Predicate } from './predicate.ts'
import { readTimestamp } from './value.ts'

/** A record in memory: its wire row, and the columns that are null in the database (a JSON null does not count). */
export interface MatchedRow {
  readonly members: Readonly<Record<string, unknown>>
  readonly nulls: ReadonlySet<string>
  /** The text of a payload as the database writes it; asked for those that are not null. */
  readonly payloadText: (column: string) => string
  /** Texts in lower case, by column, kept for the next search in them. */
  readonly lowered?: Map<string, string>
}

export type Matcher = (row: MatchedRow) => boolean

/**
 * A predicate as a function over rows in memory: what the SQL of `compilePredicate` says of the same row. Prepared once;
 * nothing is parsed while rows are matched. `clock` tells each time how long ago a time is. Throws TypeError for what only
 * pages have (`before`, `after`).
 */
export function compileMatcher(predicate: Predicate, clock: Clock): Matcher {
  switch (predicate.type) {
    case 'and':
      return allMatch(predicate.all, clock)
    case 'or': {
      const all = predicate.all.map(each => compileMatcher(each, clock))
      return row => all.some(matches => matches(row))
    }
    case 'not': {
      const matches = compileMatcher(predicate.predicate, clock)
      return row => !matches(row)
    }
    case 'nothing':
      return () => false
    default:
      return compileLeaf(predicate, clock)
  }
}

/** Every one of the predicates; none at all matches every row. */
export function allMatch(predicates: readonly Predicate[], clock: Clock): Matcher {
  const all = predicates.map(each => compileMatcher(each, clock))
  const [only] = all
  if (only !== undefined && all.length === 1) return only
  return row => all.every(matches => matches(row))
}

function compileLeaf(leaf: Leaf, clock: Clock): Matcher {
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
    case 'time_since':
      return on(leaf.column, held => Number(held) >= clock() - leaf.milliseconds)
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
    case 'path_equals':
      return atPath(leaf, equalsOneOf([leaf.json]))
    case 'path_any':
      return atPath(leaf, equalsOneOf(leaf.jsons))
    case 'path_contains': {
      const wanted = parseJson(leaf.json)
      return atPath(leaf, held => containsJson(held, wanted))
    }
    case 'path_compare':
      return atPath(leaf, comparesWith(leaf.operator, leaf.json))
    case 'path_exists':
      return atPath(leaf, () => true)
    case 'search': {
      const text = leaf.text.toLowerCase()
      return row =>
        leaf.texts.some(column => !row.nulls.has(column) && loweredText(row, column).includes(text)) ||
        leaf.payloads.some(column => !row.nulls.has(column) && loweredPayload(row, column).includes(text))
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

/** A payload that has a value at the path. */
function atPath(
  { column, path }: { readonly column: string; readonly path: JsonPath },
  test: (held: unknown) => boolean,
): Matcher {
  return on(column, held => {
    const value = valueAtPath(held, path)
    return value !== undefined && test(value)
  })
}

function equalsOneOf(jsons: readonly string[]): (held: unknown) => boolean {
  const wanted = jsons.map(parseJson)
  return held => wanted.some(each => equalJson(held, each))
}

/** The text of a column that is not null, in lower case. */
export function loweredText(row: MatchedRow, column: string): string {
  return lowered(row, column, () => String(row.members[column]))
}

/** The same of a payload. */
function loweredPayload(row: MatchedRow, column: string): string {
  return lowered(row, column, () => row.payloadText(column))
}

function lowered(row: MatchedRow, column: string, read: () => string): string {
  const known = row.lowered?.get(column)
  if (known !== undefined) return known
  const text = read().toLowerCase()
  row.lowered?.set(column, text)
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
  switch (leaf.type) {
    case 'text_contains':
      return searchCost
    case 'search':
      return searchCost * (leaf.texts.length + leaf.payloads.length)
    case 'json_contains':
    case 'path_contains':
    case 'path_equals':
    case 'path_compare':
      return searchCost + valueCost(parseJson(leaf.json), false)
    case 'path_any':
      return leaf.jsons.reduce((sum, json) => sum + valueCost(parseJson(json), false), searchCost)
    case 'path_exists':
      return searchCost
    default:
      return 1
  }
}

function valueCost(value: unknown, isInList: boolean): number {
  if (typeof value !== 'object' || value === null || isExactNumber(value)) return 1
  const isList = Array.isArray(value)
  const inside = Object.values(value).reduce<number>((sum, each) => sum + valueCost(each, isList), 0)
  return inside + (isInList ? pairsCost : 1)
}
