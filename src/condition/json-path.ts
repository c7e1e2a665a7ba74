import { z } from 'zod'
import { compareNumbers, isExactNumber, parseJson, stringifyJson } from '../json.ts'
import { equalScalars, isScalar } from './json-contains.ts'
import { type JsonComparison, type JsonPath, not, type Predicate } from './predicate.ts'

const comparisons = { gt: '>', gte: '>=', lt: '<', lte: '<=' } as const
const operators = ['eq', 'in', 'contains', 'exists', 'gt', 'gte', 'lt', 'lte'] as const

const maxSegments = 16
/** A member's name; a condition repeats its path for each value. */
const maxSegmentLength = 256
/** jsonpath takes no greater index. */
const maxIndex = 2_147_483_647
const maxAnyOf = 1000

const segment = z.union(
  [z.string().max(maxSegmentLength), z.int().min(0).max(maxIndex)],
  'expected the name of a member, or the number of an element from 0',
)
// A number that a double cannot hold is an object to zod.
const orderedValue = z
  .unknown()
  .refine(value => typeof value === 'number' || typeof value === 'string' || isExactNumber(value), {
    message: 'expected a number or a text',
  })
  .meta({ anyOf: [{ type: 'number' }, { type: 'string' }] })

const wantedSchema = z
  .strictObject({
    path: z.array(segment).min(1).max(maxSegments),
    eq: z.unknown().optional().describe('The value is this one'),
    in: z.array(z.unknown()).max(maxAnyOf).optional().describe('It is one of these'),
    contains: z.unknown().optional().describe("It contains this (PostgreSQL's jsonb containment)"),
    exists: z.boolean().optional().describe('Whether there is one; null is one'),
    gt: orderedValue.optional(),
    gte: orderedValue.optional(),
    lt: orderedValue.optional(),
    lte: orderedValue.optional(),
  })
  .refine(wanted => operatorsOf(wanted).length === 1, {
    message: `expected exactly one of ${operators.join(', ')} beside path`,
  })
  .meta({ oneOf: operators.map(operator => ({ required: [operator] })) })

type Wanted = z.output<typeof wantedSchema>

/** `{path, OPERATOR: value}` with exactly one operator. */
export const pathSchema: z.ZodType<Wanted> = wantedSchema

/** What a column must fulfil to have such a value at such a place. */
export function planPath(column: string, wanted: Wanted): Predicate {
  const { path } = wanted
  const [operator] = operatorsOf(wanted)
  switch (operator) {
    case 'eq':
      return { type: 'path_equals', column, path, json: stringifyJson(wanted.eq) }
    case 'in':
      return { type: 'path_any', column, path, jsons: (wanted.in ?? []).map(stringifyJson) }
    case 'contains':
      return { type: 'path_contains', column, path, json: stringifyJson(wanted.contains) }
    case 'exists': {
      const exists: Predicate = { type: 'path_exists', column, path }
      return wanted.exists === true ? exists : not(exists)
    }
    case undefined:
      throw new TypeError('the schema asks for an operator')
    default: {
      const json = stringifyJson(wanted[operator])
      return { type: 'path_compare', column, path, operator: comparisons[operator], json }
    }
  }
}

function operatorsOf(wanted: object): readonly (typeof operators)[number][] {
  return operators.filter(operator => Object.hasOwn(wanted, operator))
}

/** The path as jsonpath writes it. Strict: a member is no element, and nothing is unwrapped. */
export function jsonpathOf(path: JsonPath): string {
  const segments = path.map(each => (typeof each === 'number' ? `[${each}]` : `.${JSON.stringify(each)}`))
  return `strict $${segments.join('')}`
}

/** What a payload contains that has the value at this path: what its index finds. */
export function wrapJson(path: JsonPath, json: string): string {
  return path.reduceRight<string>(
    (inner, each) => (typeof each === 'number' ? `[${inner}]` : `{${JSON.stringify(each)}:${inner}}`),
    json,
  )
}

/** The value at `path`; undefined where there is none. */
export function valueAtPath(held: unknown, path: JsonPath): unknown {
  let value = held
  for (const each of path) {
    if (isScalar(value) || Array.isArray(value) !== (typeof each === 'number')) return undefined
    if (!Object.hasOwn(value as object, each)) return undefined
    value = (value as Readonly<Record<string | number, unknown>>)[each]
  }
  return value
}

/** Equal as jsonb is: numbers by their value, members in any order. */
export function equalJson(one: unknown, other: unknown): boolean {
  if (isScalar(one) || isScalar(other)) return equalScalars(one, other)
  if (Array.isArray(one) !== Array.isArray(other)) return false
  const members = Object.entries(one as object)
  const others = other as Readonly<Record<string, unknown>>
  return (
    members.length === Object.keys(others).length &&
    members.every(([key, value]) => Object.hasOwn(others, key) && equalJson(value, others[key]))
  )
}

/** Whether a value compares so with the value of `json`: numbers with numbers, texts with texts by their bytes. */
export function comparesWith(operator: JsonComparison, json: string): (held: unknown) => boolean {
  const wanted = parseJson(json)
  const holds = outcomes[operator]
  if (typeof wanted === 'string') {
    const bytes = Buffer.from(wanted)
    return held => typeof held === 'string' && holds(Buffer.from(held).compare(bytes))
  }
  return held => isNumber(held) && isNumber(wanted) && holds(compareNumbers(held, wanted))
}

const outcomes: Readonly<Record<JsonComparison, (order: number) => boolean>> = {
  '>': order => order > 0,
  '>=': order => order >= 0,
  '<': order => order < 0,
  '<=': order => order <= 0,
}

function isNumber(value: unknown): value is Parameters<typeof compareNumbers>[0] {
  return typeof value === 'number' || isExactNumber(value)
}
