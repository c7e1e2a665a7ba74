type Json = Readonly<Record<string, unknown>>

/** What a condition does with the value that it carries. */
export type Operator = 'is' | 'in' | 'like' | 'contains' | 'from' | 'to' | 'between' | 'since' | 'path'

/** How a value is put in. */
export type ValueInput =
  | { readonly type: 'text' | 'number' | 'time' | 'span' | 'json' | 'path' }
  | { readonly type: 'texts' | 'numbers' | 'times' }
  | { readonly type: 'choice' | 'choices'; readonly values: readonly string[] }

/** A condition that carries a value, e.g. `js_worker_name_like`. */
export interface ConditionKey {
  readonly name: string
  readonly summary: string
  /** What it is about: a field of the record, or a word of its own (`duration`, `limit`, `search`). */
  readonly subject: string
  readonly operator: Operator
  readonly input: ValueInput
  /** Whether the values that records have can be asked for (`X_facet`). */
  readonly hasFacet: boolean
}

/** A member of a record. */
export interface RecordField {
  readonly name: string
  readonly summary: string
  readonly kind: 'number' | 'text' | 'name' | 'choice' | 'time' | 'json'
}

/** What may be said of the records of a resource. */
export interface Vocabulary {
  readonly resource: string
  readonly words: ReadonlyMap<string, string>
  readonly keys: ReadonlyMap<string, ConditionKey>
  readonly fields: readonly RecordField[]
}

/** Reads the vocabulary of `resource` in the OpenRPC document of the server (`rpc.discover`); undefined: no such one. */
export function vocabularyOf(document: unknown, resource: string): Vocabulary | undefined {
  const root = objectOf(document)
  const method = listOf(root.methods)
    .map(objectOf)
    .find(({ name }) => name === `${resource}_query`)
  if (method === undefined) return undefined
  const resolve = (value: unknown): Json => resolved(root, objectOf(value))
  const query = listOf(method.params)
    .map(objectOf)
    .find(({ name }) => name === 'query')
  const list = resolve(objectOf(resolve(query?.schema).properties).condition)
  const forms = listOf(resolve(list.items).anyOf).map(resolve)
  const row = resolve(resolve(objectOf(method.result).schema).items)
  const members = Object.entries(objectOf(row.properties)).map(
    ([name, schema]) => [name, resolve(schema)] as const,
  )
  const memberNames = new Set(members.map(([name]) => name))

  const words = new Map<string, string>()
  const keys = new Map<string, ConditionKey>()
  const given = forms.flatMap(form =>
    Object.entries(objectOf(form.properties)).map(([name, value]) => ({ form, name, value: resolve(value) })),
  )
  const names = new Set(given.map(({ name }) => name))
  for (const { form, name, value } of given) {
    const summary = String(form.description ?? '')
    if (isFlag(value)) words.set(name, summary)
    else if (!combinators.has(name)) keys.set(name, keyOf({ name, summary, value, memberNames, names }))
  }
  const fields = members.map(([name, schema]) => ({
    name,
    summary: String(schema.description ?? ''),
    kind: kindOf(name, schema, keys),
  }))
  return { resource, words, keys, fields }
}

/** The resources that have conditions, in the order of the document. */
export function resourcesOf(document: unknown): readonly string[] {
  return listOf(objectOf(document).methods)
    .map(method => String(objectOf(method).name))
    .filter(name => name.endsWith('_query'))
    .map(name => name.slice(0, -'_query'.length))
}

const combinators = new Set(['or', 'and', 'not'])

/** The longest first: `_from_to` ends in `_to`. */
const suffixes: readonly (readonly [string, Operator])[] = [
  ['_from_to', 'between'],
  ['_from', 'from'],
  ['_to', 'to'],
  ['_in', 'in'],
  ['_like', 'like'],
  ['_contains', 'contains'],
  ['_since', 'since'],
  ['_path', 'path'],
]

interface GivenKey {
  readonly name: string
  readonly summary: string
  readonly value: Json
  readonly memberNames: ReadonlySet<string>
  readonly names: ReadonlySet<string>
}

function keyOf({ name, summary, value, memberNames, names }: GivenKey): ConditionKey {
  const [subject, operator] = partsOf(name, memberNames)
  const input = inputOf(value, operator, memberNames.has(subject))
  const isNamed = ['is', 'in', 'like'].includes(operator)
  const hasFacet =
    isNamed && (names.has(`${subject}_like`) || input.type === 'choice' || input.type === 'choices')
  return { name, summary, subject, operator, input, hasFacet }
}

function partsOf(name: string, memberNames: ReadonlySet<string>): readonly [string, Operator] {
  if (memberNames.has(name)) return [name, 'is']
  for (const [suffix, operator] of suffixes)
    if (name.endsWith(suffix)) return [name.slice(0, -suffix.length), operator]
  return [name, 'is']
}

function inputOf(value: Json, operator: Operator, isMember: boolean): ValueInput {
  if (operator === 'path') return { type: 'path' }
  if (operator === 'since') return { type: 'span' }
  if (operator === 'between') return { type: 'times' }
  const isTime = isMember && (operator === 'from' || operator === 'to')
  if (Array.isArray(value.enum)) return { type: 'choice', values: value.enum.map(String) }
  if (isNumber(value)) return { type: isTime ? 'time' : 'number' }
  if (value.type === 'string') return { type: 'text' }
  if (value.type !== 'array') return { type: 'json' }
  const items = objectOf(value.items)
  if (Array.isArray(items.enum)) return { type: 'choices', values: items.enum.map(String) }
  if (isNumber(items)) return { type: 'numbers' }
  return items.type === 'string' ? { type: 'texts' } : { type: 'json' }
}

function kindOf(name: string, schema: Json, keys: ReadonlyMap<string, ConditionKey>): RecordField['kind'] {
  const options = [schema, ...listOf(schema.anyOf).map(objectOf)]
  if (options.some(option => Array.isArray(option.enum))) return 'choice'
  if (options.some(isNumber)) return isTimeField(name, keys) ? 'time' : 'number'
  if (!options.some(option => option.type === 'string')) return 'json'
  return keys.has(`${name}_like`) ? 'name' : 'text'
}

/** Whether or not it may be asked for. */
function isTimeField(name: string, keys: ReadonlyMap<string, ConditionKey>): boolean {
  return keys.has(`${name}_from_to`) || /(?:^|_)time(?:stamp)?$/.test(name)
}

function isFlag({ enum: values }: Json): boolean {
  return Array.isArray(values) && values.length === 2 && values.includes(null) && values.includes(true)
}

function isNumber({ type }: Json): boolean {
  return type === 'integer' || type === 'number'
}

const sharedPrefix = '#/components/schemas/'

export function resolved(root: Json, schema: Json): Json {
  const { $ref: reference } = schema
  if (typeof reference !== 'string' || !reference.startsWith(sharedPrefix)) return schema
  const shared = objectOf(objectOf(root.components).schemas)
  return objectOf(shared[reference.slice(sharedPrefix.length)])
}

export function objectOf(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}
