import { z } from 'zod'
import { stringifyJson } from '../json.ts'
import { compilePattern, maxNameLength, patternFault, prefixUpperBound } from '../permission/pattern.ts'
import { textCheck } from '../text-check.ts'
import { pathSchema, planPath } from './json-path.ts'
import { and, equal, equalOneOfFew, type Predicate, searchSeparator } from './predicate.ts'
import { comparedTime, timeSpan, timestampOf } from './value.ts'

/**
 * What a field of a record holds. `name` is a short text that stands for an object (compared by bytes, may be
 * matched by a pattern); `text` is prose; `time` is timestamptz in the database, epoch milliseconds on the wire;
 * `id` is the record's key.
 */
export type FieldKind = 'id' | 'integer' | 'name' | 'enum' | 'text' | 'json' | 'time'

/** A field of a record: its name is the wire member and the column alike. */
export interface Field {
  readonly name: string
  readonly kind: FieldKind
  readonly nullable?: true
  /** The allowed values of an `enum`. */
  readonly values?: readonly string[]
  /** It contributes no condition. */
  readonly filter?: false
}

/** A condition that stands alone: `"is_failure"`, also `{"is_failure":null}` and `{"is_failure":true}`. */
export interface Word {
  readonly name: string
  readonly summary: string
  readonly predicate: Predicate
}

/** The word for records of which `column`, which has few values, has this one. */
export function valueWord<const Name extends string>(name: Name, column: string, value: string) {
  return { name, summary: `${column} is ${value}`, predicate: equalOneOfFew(column, value) }
}

/** A condition with a value: `{"js_worker_name":"demo_worker"}`. */
export interface Key {
  readonly name: string
  readonly summary: string
  readonly value: z.ZodType
  /** `now`: what times are counted back from; undefined: from each time that a row is matched. */
  plan(value: unknown, now: number | undefined): Predicate
}

/** The conditions of one resource, by name. `last`, `limit`, `all`, `or`, `and` and `not` hold for every resource. */
export interface Language {
  readonly words: ReadonlyMap<string, Word>
  readonly keys: ReadonlyMap<string, Key>
  /** The field whose values permissions are given for. */
  readonly nameField: string
}

export interface LanguageOptions {
  readonly fields: readonly Field[]
  readonly words: readonly Word[]
  readonly nameField: string
}

/** Each field contributes the conditions of its kind, each word its own. */
export function defineLanguage({ fields, words, nameField }: LanguageOptions): Language {
  const keys = [...fields.flatMap(keysOf), ...durationKeys(fields), ...searchKeys(fields)]
  return {
    words: new Map(words.map(word => [word.name, word])),
    keys: new Map(keys.map(key => [key.name, key])),
    nameField,
  }
}

function keysOf(field: Field): Key[] {
  if (field.filter === false) return []
  switch (field.kind) {
    case 'id':
    case 'integer':
      return equalityKeys(field.name, z.int())
    case 'enum':
      return enumKeys(field.name, z.enum(field.values ?? []))
    case 'name':
      return [...equalityKeys(field.name, z.string()), likeKey(field.name)]
    case 'text':
      return [textContainsKey(field.name)]
    case 'json':
      return [jsonContainsKey(field.name), pathKey(field.name)]
    case 'time':
      return timeKeys(field.name)
  }
}

/** The most values of one list, so that no statement carries an endless one. */
const maxAnyOf = 1000

function equalityKeys(column: string, value: z.ZodType<string | number>): Key[] {
  return [
    key(column, `${column} equals the value; literal, never a pattern`, value, wanted =>
      equal(column, wanted),
    ),
    key(`${column}_in`, `${column} equals one of the values`, z.array(value).max(maxAnyOf), values => ({
      type: 'any',
      column,
      values,
    })),
  ]
}

function enumKeys(column: string, value: z.ZodType<string>): Key[] {
  return [
    key(column, `${column} equals the value`, value, wanted => equalOneOfFew(column, wanted)),
    key(`${column}_in`, `${column} equals one of the values`, z.array(value).max(maxAnyOf), values => ({
      type: 'any',
      column,
      values: [...new Set(values)].sort(),
      isLiteral: true,
    })),
  ]
}

// Existing names may hold characters that new ones may not.
const patternText = z.string().superRefine(textCheck(patternFault)).meta({
  minLength: 1,
  maxLength: maxNameLength,
  pattern: '^[^*]*[*]?$',
})

function likeKey(column: string): Key {
  const summary = `${column} matches a literal, or a literal followed by one * at its end`
  return key(`${column}_like`, summary, patternText, text => {
    const pattern = compilePattern(text)
    if (!pattern.isPrefix) return equal(column, pattern.literal)
    return prefixed(column, pattern.literal)
  })
}

/** The names that begin with `prefix`. */
export function prefixed(column: string, prefix: string): Predicate {
  return { type: 'prefix', column, from: prefix, to: prefixUpperBound(prefix) }
}

function textContainsKey(column: string): Key {
  const summary = `${column} contains the text, whatever its case; no character is special`
  return key(`${column}_contains`, summary, z.string(), text => ({ type: 'text_contains', column, text }))
}

function jsonContainsKey(column: string): Key {
  const summary = `${column} contains the JSON value (PostgreSQL's jsonb containment)`
  return key(`${column}_contains`, summary, z.unknown(), value => ({
    type: 'json_contains',
    column,
    json: stringifyJson(value),
  }))
}

function pathKey(column: string): Key {
  const summary = `${column} has such a value at the path: a text names a member, a number an element from 0`
  return key(`${column}_path`, summary, pathSchema, wanted => planPath(column, wanted))
}

const maxSearchLength = 256

const searchedText = z
  .string()
  .min(1)
  .max(maxSearchLength)
  .regex(new RegExp(`^[^${searchSeparator}]*$`), 'expected a text without U+0001')

/** `search`: in everything that a record says in words. */
function searchKeys(fields: readonly Field[]): Key[] {
  const namesOf = (...kinds: readonly FieldKind[]) =>
    fields.filter(field => field.filter !== false && kinds.includes(field.kind)).map(field => field.name)
  const texts = namesOf('name', 'text')
  const payloads = namesOf('json')
  const summary = `One of ${[...texts, ...payloads].join(', ')} contains the text, whatever its case; payloads as JSON`
  return [key('search', summary, searchedText, text => ({ type: 'search', texts, payloads, text }))]
}

function timeKeys(column: string): Key[] {
  const from = (time: number): Predicate => ({ type: 'time_from', column, time: timestampOf(time) })
  const to = (time: number): Predicate => ({ type: 'time_to', column, time: timestampOf(time) })
  const pair = z.tuple([comparedTime, comparedTime])
  return [
    key(`${column}_from`, `${column} is at or after the time (epoch ms)`, comparedTime, from),
    key(`${column}_to`, `${column} is at or before the time (epoch ms)`, comparedTime, to),
    key(
      `${column}_since`,
      `${column} is at most so long ago: 24h (ms, s, m, h, d, w)`,
      timeSpan,
      (span, now) =>
        now === undefined ? { type: 'time_since', column, milliseconds: span } : from(now - span),
    ),
    key(`${column}_from_to`, `${column} is within the two times, inclusive (epoch ms)`, pair, ([a, b]) =>
      and(from(a), to(b)),
    ),
  ]
}

/** The times between which a record's duration lies: one with a start and a finish has a duration. */
export function elapsedOf(fields: readonly Field[]) {
  const names = new Set(fields.filter(field => field.kind === 'time').map(field => field.name))
  const has = names.has('start_time') && names.has('finish_time')
  return has ? { minuend: 'finish_time', subtrahend: 'start_time' } : undefined
}

function durationKeys(fields: readonly Field[]): Key[] {
  const between = elapsedOf(fields)
  if (between === undefined) return []
  const elapsed =
    (type: 'elapsed_from' | 'elapsed_to') =>
    (milliseconds: number): Predicate => ({ type, ...between, milliseconds })
  return [
    key('duration_from', 'finish_time - start_time is at least so many ms', z.int(), elapsed('elapsed_from')),
    key('duration_to', 'finish_time - start_time is at most so many ms', z.int(), elapsed('elapsed_to')),
  ]
}

/** `plan` gets what `value` made of the client's value, so it need not check again. */
function key<T>(
  name: string,
  summary: string,
  value: z.ZodType<T>,
  plan: (value: T, now: number | undefined) => Predicate,
): Key {
  return { name, summary, value, plan: (parsed, now) => plan(parsed as T, now) }
}
