import { isExactNumber, parseJson } from '../json.ts'
import type { Leaf, Predicate } from './predicate.ts'

/** To look for a text within another, or for a value within a payload, next to one comparison. */
const searchCost = 10
/** Each list or object within a list is compared with every one that the row holds. */
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
