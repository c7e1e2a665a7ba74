import { jsonpathOf, wrapJson } from './json-path.ts'
import type { Leaf, Predicate } from './predicate.ts'

/** The values of a predicate apart from its form: two with one shape are served by one compiled statement. */
export interface Shape {
  /** Says everything of the predicate but its values. */
  readonly key: string
  /** The values, in the order in which `compilePredicate` numbers its slots. */
  readonly values: readonly unknown[]
}

export function shapeOf(predicates: readonly Predicate[]): Shape {
  const values: unknown[] = []
  const key = predicates.map(predicate => writeShape(predicate, values)).join('&')
  return { key, values }
}

function writeShape(predicate: Predicate, values: unknown[]): string {
  switch (predicate.type) {
    case 'and':
    case 'or':
      return `${predicate.type}(${predicate.all.map(each => writeShape(each, values)).join(',')})`
    case 'not':
      return `not(${writeShape(predicate.predicate, values)})`
    default:
      values.push(...valuesOf(predicate))
      return `${predicate.type}:${columnsOf(predicate)}${literalOf(predicate)}`
  }
}

/** The values that a leaf binds, in order. */
export function valuesOf(leaf: Leaf): readonly unknown[] {
  switch (leaf.type) {
    case 'equal':
      return leaf.isLiteral === true ? [] : [leaf.value]
    case 'any':
      return leaf.isLiteral === true ? [] : [leaf.values]
    case 'prefix':
      return [leaf.from, leaf.to]
    case 'time_from':
    case 'time_to':
      return [leaf.time]
    case 'elapsed_from':
    case 'elapsed_to':
      return [leaf.milliseconds]
    case 'json_contains':
      return [leaf.json]
    case 'path_equals':
      return [wrapJson(leaf.path, leaf.json), jsonpathOf(leaf.path), leaf.json]
    case 'path_any':
      return [jsonpathOf(leaf.path), leaf.jsons]
    case 'path_contains':
      return [jsonpathOf(leaf.path), leaf.json]
    case 'path_compare':
      return [`${jsonpathOf(leaf.path)} ${leaf.operator} $v`, `{"v":${leaf.json}}`]
    case 'path_exists':
      return [jsonpathOf(leaf.path)]
    case 'search':
    case 'text_contains':
      return [leaf.text]
    case 'before':
    case 'after':
      return leaf.values
    case 'time_since':
    case 'null':
    case 'not_null':
    case 'nothing':
      return []
  }
}

function literalOf(leaf: Leaf): string {
  if (leaf.type === 'equal' && leaf.isLiteral === true) return `=${leaf.value}`
  return leaf.type === 'any' && leaf.isLiteral === true ? `=${leaf.values}` : ''
}

// Columns come from the resource's declaration, never from a client, so that they need no escaping here.
function columnsOf(leaf: Leaf): string {
  switch (leaf.type) {
    case 'elapsed_from':
    case 'elapsed_to':
      return `${leaf.minuend}-${leaf.subtrahend}`
    case 'before':
    case 'after':
      return leaf.columns.join(',')
    case 'search':
      return [...leaf.texts, ...leaf.payloads].join(',')
    case 'nothing':
      return ''
    default:
      return leaf.column
  }
}
