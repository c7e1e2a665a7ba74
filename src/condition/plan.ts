import { z } from 'zod'
import type { Clock } from '../async/clock.ts'
import { type ErrorDetail, invalidParams, RpcError } from '../errors.ts'
import { isExactNumber } from '../json.ts'
import { didYouMean, nearest } from '../nearest.ts'
import { parseInput } from '../parse-input.ts'
import { maxNameLength } from '../permission/pattern.ts'
import type { Language } from './language.ts'
import type { NamedView, Views } from './named-view.ts'
import { and, not, or, type Predicate } from './predicate.ts'

/** What a condition list asks for; from here on nobody checks the client's values again. */
export interface Plan {
  /** What the conditions at the top say, each for itself; all of them hold together. */
  readonly predicates: readonly Predicate[]
  /** Of several the last one, at most `maxLimit`; 1 for `last`; undefined when none was given. */
  readonly limit: number | undefined
  /** Whether `last` was asked for. */
  readonly last: boolean
  /** Whether `all` was asked for. */
  readonly all: boolean
  /** The objects that were named by equality, at whatever depth: each must be permitted. */
  readonly names: readonly string[]
  /** Length of the list. */
  readonly conditionCount: number
}

export interface PlanOptions {
  readonly language: Language
  /** Where the list stands in the parameters: `query.condition`. */
  readonly path: string
  readonly maxConditions: number
  /** Whether `all` means something here. */
  readonly allowAll: boolean
  /** Tells now, from which times are counted back; absent: each time that a row is matched counts, as for rows that are yet to come. */
  readonly clock?: Clock
  /** What `{"view":"name"}` may name; absent: nothing. */
  readonly views?: ViewScope
  /** Conditions that choose rows alone: no limit, last or all, as for rows that are yet to come. */
  readonly filtersOnly?: boolean
}

export interface ViewScope {
  /** The resource whose views may stand here. */
  readonly resource: string
  readonly named: Views
  /** The id of the view whose own conditions are read: it may not name itself. */
  readonly within?: number | undefined
}

/** How deep views may name views. */
export const maxViewDepth = 8

/** A limit beyond this counts as this. */
export const maxLimit = 10_000

const maxNesting = 8

const onlyAtTheTop = new Set(['limit', 'last', 'all'])
const nestings = ['or', 'and', 'not', 'view']

const viewName = z.string().min(1).max(maxNameLength)

/** The most that an error shows of an unknown condition's name, which may be a megabyte. */
const maxShown = 128

/**
 * Reads a condition list. Throws RpcError -32602 with the path of the first fault (an unknown word or key, a wrong
 * type, an object with two keys), 110 when there are more than `maxConditions`, the nested ones counted.
 */
export function planConditions(list: readonly unknown[], options: PlanOptions): Plan {
  return new ConditionReader(options).read(list)
}

class ConditionReader {
  readonly #options: PlanOptions
  readonly #now: number | undefined
  readonly #predicates: Predicate[] = []
  readonly #names: string[] = []
  /** The views whose conditions are being read, the outermost first. */
  readonly #within: NamedView[] = []
  #limit: number | undefined
  #last = false
  #all = false
  #count = 0

  constructor(options: PlanOptions) {
    this.#options = options
    this.#now = options.clock?.()
  }

  read(list: readonly unknown[]): Plan {
    for (let i = 0; i < list.length; i++) this.#readTop(list[i], `${this.#options.path}[${i}]`)
    return {
      predicates: this.#predicates,
      limit: this.#last ? 1 : this.#limit,
      last: this.#last,
      all: this.#all,
      names: this.#names,
      conditionCount: list.length,
    }
  }

  #readTop(condition: unknown, path: string): void {
    if (this.#options.filtersOnly === true)
      return void this.#predicates.push(this.#readFilter(condition, path, 0))
    const { name, value, isWord } = split(condition, path)
    if (name === 'limit' && !isWord) {
      this.#countOne(path)
      this.#limit = readLimit(value, `${path}.limit`)
    } else if (name === 'last' && isFlag(value)) {
      this.#countOne(path)
      this.#last = true
    } else if (name === 'all' && isFlag(value) && this.#options.allowAll) {
      this.#countOne(path)
      this.#all = true
    } else if (name === 'view' && !isWord) {
      this.#countOne(path)
      // Each for itself, as if they stood here.
      this.#predicates.push(...this.#readView(value, `${path}.view`))
    } else {
      this.#predicates.push(this.#readFilter(condition, path, 0))
    }
  }

  #readFilter(condition: unknown, path: string, nesting: number): Predicate {
    this.#countOne(path)
    const element = split(condition, path)
    const { name, value, isWord } = element
    const inner = `${path}.${name}`
    if (!isWord && (name === 'or' || name === 'and')) {
      const all = this.#readList(value, inner, nesting + 1)
      return name === 'or' ? or(...all) : and(...all)
    }
    if (!isWord && name === 'view') return and(...this.#readView(value, inner))
    if (!isWord && name === 'not') return not(this.#readNested(value, inner, nesting + 1))

    const { words, keys, nameField } = this.#options.language
    const word = words.get(name)
    if (word !== undefined) {
      if (isFlag(value)) return word.predicate
      throw invalidParams(inner, 'a word takes no value except null or true', 'wrong_type')
    }
    const key = keys.get(name)
    if (isWord && (key !== undefined || nestings.includes(name)))
      throw invalidParams(path, `"${name}" needs a value: {"${name}": …}`, 'value_missing')
    if (key === undefined) throw this.#unknown(element, path, nesting)
    const predicate = key.plan(parseInput(key.value, value, { path: inner, reason: 'wrong_type' }), this.#now)
    if (predicate.type === 'equal' && predicate.column === nameField)
      this.#names.push(String(predicate.value))
    if (predicate.type === 'any' && predicate.column === nameField)
      this.#names.push(...predicate.values.map(String))
    return predicate
  }

  /** What a view stands for. A fault within is one of the place where the client names the outermost view. */
  #readView(value: unknown, path: string): readonly Predicate[] {
    const view = this.#viewNamed(parseInput(viewName, value, { path, reason: 'wrong_type' }), path)
    this.#within.push(view)
    try {
      return view.condition.map(each => this.#readFilter(each, path, 0))
    } catch (error) {
      if (!(error instanceof RpcError)) throw error
      throw new RpcError(error.data.reason, error.message, { ...detailOf(error), path })
    } finally {
      this.#within.pop()
    }
  }

  /** Throws RpcError 105 (`view_not_found`) and -32602. */
  #viewNamed(name: string, path: string): NamedView {
    const { views } = this.#options
    const known = this.#within.at(-1)?.inside ?? views?.named
    const view = known?.get(name)
    if (this.#within.length >= maxViewDepth) {
      throw invalidParams(path, `views may name views at most ${maxViewDepth} deep`, 'nested_too_deeply')
    }
    if (view === undefined) throw new RpcError('view_not_found', `There is no view of this name`, { path })
    if (view.resource !== views?.resource) {
      throw invalidParams(path, `this view is one of ${view.resource}`, 'view_of_other_resource')
    }
    if (view.id === views.within || this.#within.some(({ id }) => id === view.id)) {
      throw invalidParams(path, 'this view stands for itself', 'view_cycle')
    }
    return view
  }

  #readList(value: unknown, path: string, nesting: number): Predicate[] {
    if (!Array.isArray(value) || value.length === 0) {
      throw invalidParams(path, 'expected a list with at least one condition', 'wrong_type')
    }
    return value.map((condition, i) => this.#readNested(condition, `${path}[${i}]`, nesting))
  }

  #readNested(condition: unknown, path: string, nesting: number): Predicate {
    if (nesting <= maxNesting) return this.#readFilter(condition, path, nesting)
    throw invalidParams(path, `conditions may nest at most ${maxNesting} deep`, 'nested_too_deeply')
  }

  #unknown({ name, isWord }: Element, path: string, nesting: number): RpcError {
    if (!onlyAtTheTop.has(name)) {
      const meant = nearest(name, this.#known())
      const shown = name.slice(0, maxShown).toWellFormed()
      const message = `unknown condition ${JSON.stringify(shown)}${didYouMean(meant)}`
      return invalidParams(isWord ? path : `${path}.${name}`, message, 'unknown_condition', {
        condition: shown,
        ...(meant !== undefined && { did_you_mean: meant }),
      })
    }
    if (nesting > 0 || this.#within.length > 0)
      return invalidParams(
        path,
        `"${name}" may not stand inside or, and, not, or a view`,
        'misplaced_condition',
      )
    if (this.#options.filtersOnly === true)
      return invalidParams(path, `"${name}" may not stand here`, 'misplaced_condition')
    if (name === 'limit') return invalidParams(path, '"limit" needs a value: {"limit": n}', 'value_missing')
    if (name === 'all' && !this.#options.allowAll)
      return invalidParams(path, '"all" can only be used to delete', 'misplaced_condition')
    return invalidParams(`${path}.${name}`, 'a word takes no value except null or true', 'wrong_type')
  }

  /** All that may stand here, at the top or inside. */
  #known(): readonly string[] {
    const { language, allowAll, filtersOnly } = this.#options
    const top = filtersOnly === true ? [] : ['last', 'limit', ...(allowAll ? ['all'] : [])]
    return [...top, ...nestings, ...language.words.keys(), ...language.keys.keys()]
  }

  #countOne(path: string): void {
    this.#count++
    const { maxConditions } = this.#options
    if (this.#count <= maxConditions) return
    const message = `A query may have at most ${maxConditions} conditions`
    throw new RpcError('too_many_conditions', message, { path, retryable: false, max: maxConditions })
  }
}

function detailOf({ data }: RpcError): ErrorDetail & { readonly reason?: never } {
  const { reason: _, ...detail } = data
  return detail
}

interface Element {
  readonly name: string
  readonly value: unknown
  readonly isWord: boolean
}

/** A word is its name with the value null; an object must have one member. */
function split(condition: unknown, path: string): Element {
  if (typeof condition === 'string') return { name: condition, value: null, isWord: true }
  const isObject = typeof condition === 'object' && condition !== null
  if (!isObject || Array.isArray(condition) || isExactNumber(condition)) {
    throw invalidParams(path, 'expected a word or an object with one key', 'wrong_type')
  }
  const [member, second] = Object.entries(condition)
  if (member !== undefined && second === undefined)
    return { name: member[0], value: member[1], isWord: false }
  throw invalidParams(path, 'expected an object with exactly one key', 'not_one_key')
}

function isFlag(value: unknown): boolean {
  return value === null || value === true
}

const limitSchema = z.int('expected a whole number from 0').min(0, 'expected a whole number from 0')

function readLimit(value: unknown, path: string): number {
  return Math.min(parseInput(limitSchema, value, { path, reason: 'wrong_type' }), maxLimit)
}
