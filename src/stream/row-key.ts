import type { MatchedRow } from '../condition/match.ts'
import type { Predicate } from '../condition/predicate.ts'
import { isExactNumber, parseJson } from '../json.ts'

/** Something that a row must have to fulfil a predicate; rows are looked up by it. */
export type RowKey =
  /** These values of these columns. */
  | { readonly kind: 'values'; readonly columns: readonly string[]; readonly value: unknown }
  | { readonly kind: 'prefix'; readonly column: string; readonly value: string }
  /** This scalar at this place within a payload. */
  | {
      readonly kind: 'payload'
      readonly column: string
      readonly path: readonly string[]
      readonly value: unknown
    }
  /** These few characters somewhere in a text, in lower case. */
  | { readonly kind: 'gram'; readonly column: string; readonly value: number }

/** How many are found by a key so far. */
export type Population = (key: RowKey) => number

/** Lists beyond this are not worth their places. */
const maxKeys = 100
/** Beyond that one column alone does not tell enough. */
const crowded = 8
/** The first of what could be looked for in a text, or in a payload. */
const mostChoices = 24

export const gramLength = 3

/**
 * Keys of which every row that matches all the predicates has at least one: the most selective
 * ones. Undefined when any row may match.
 */
export function chooseKeys(
  predicates: readonly Predicate[],
  population: Population,
): readonly RowKey[] | undefined {
  const choices = predicates.flatMap(each => choicesOf(each, population))
  const best = leastOf(choices, population)
  if (best === undefined || crowd(best, population) < crowded) return best
  const both = valuesTogether(predicates)
  return both === undefined ? best : leastOf([best, both], population)
}

type Keys = readonly RowKey[]

/** Each of them would do. */
function choicesOf(predicate: Predicate, population: Population): readonly Keys[] {
  switch (predicate.type) {
    case 'equal':
      return [[{ kind: 'values', columns: [predicate.column], value: predicate.value }]]
    case 'any':
      return listed(predicate.column, predicate.values)
    case 'prefix': {
      const { column, from: value } = predicate
      return value === '' ? [] : [[{ kind: 'prefix', column, value }]]
    }
    case 'text_contains':
      return gramsOf(predicate.text.toLowerCase()).map(value => [
        { kind: 'gram', column: predicate.column, value },
      ])
    case 'json_contains':
      return payloadKeys(predicate.column, predicate.json)
    case 'nothing':
      return [[]]
    case 'and': {
      const keys = chooseKeys(predicate.all, population)
      return keys === undefined ? [] : [keys]
    }
    case 'or':
      return eitherOf(predicate.all.map(each => chooseKeys([each], population)))
    default:
      return []
  }
}

function listed(column: string, values: readonly (string | number)[]): readonly Keys[] {
  const distinct = [...new Set(values)]
  if (distinct.length > maxKeys) return []
  return [distinct.map(value => ({ kind: 'values', columns: [column], value }))]
}

function eitherOf(all: readonly (Keys | undefined)[]): readonly Keys[] {
  const keys = all.flatMap(each => each ?? [])
  return all.includes(undefined) || keys.length > maxKeys ? [] : [keys]
}

function leastOf(choices: readonly Keys[], population: Population): Keys | undefined {
  let best: Keys | undefined
  let least = Number.POSITIVE_INFINITY
  for (const keys of choices) {
    const number = crowd(keys, population)
    // The first of those that are alike: equality comes before what is within a text.
    if (number >= least) continue
    best = keys
    least = number
  }
  return best
}

function crowd(keys: Keys, population: Population): number {
  return keys.reduce((sum, key) => sum + population(key), 0)
}

/** All columns that must have one value, as one key. */
function valuesTogether(predicates: readonly Predicate[]): Keys | undefined {
  const values = new Map<string, string | number>()
  for (const each of predicates) if (each.type === 'equal') values.set(each.column, each.value)
  if (values.size < 2) return undefined
  const columns = [...values.keys()].toSorted()
  return [{ kind: 'values', columns, value: joinValues(columns.map(column => values.get(column))) }]
}

/** No text that the database keeps holds a NUL. */
export function joinValues(values: readonly unknown[]): string {
  return values.join('\0')
}

/** What a payload must have at its places, as far as no list comes before them. */
function payloadKeys(column: string, json: string): readonly Keys[] {
  const found: Keys[] = []
  const walk = (value: unknown, path: readonly string[]): void => {
    if (found.length >= mostChoices || isExactNumber(value) || Array.isArray(value)) return
    if (typeof value !== 'object' || value === null) {
      // A bare scalar may also be an element of a list.
      if (path.length > 0) found.push([{ kind: 'payload', column, path, value }])
      return
    }
    for (const [name, member] of Object.entries(value)) walk(member, [...path, name])
  }
  walk(parseJson(json), [])
  return found
}

/** The number of three characters one behind the other; of some others, too. */
export function gramAt(text: string, at: number): number {
  return (
    ((text.charCodeAt(at) << 20) ^ (text.charCodeAt(at + 1) << 10) ^ text.charCodeAt(at + 2)) & 0x3fffffff
  )
}

function gramsOf(text: string): readonly number[] {
  const last = Math.min(text.length - gramLength, mostChoices)
  return Array.from({ length: Math.max(0, last + 1) }, (_, at) => gramAt(text, at))
}

/** A row's value at a path within a payload; undefined if the path does not exist. */
export function valueAt({ members }: MatchedRow, column: string, path: readonly string[]): unknown {
  let value: unknown = members[column]
  for (const name of path) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
    if (!Object.hasOwn(value, name)) return undefined
    value = (value as Readonly<Record<string, unknown>>)[name]
  }
  return value
}
