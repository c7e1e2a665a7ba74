import { parseJson, stringifyJson } from '../../json.ts'

/** What is read of an OpenRPC document (`rpc.discover`). */
export interface ApiDocument {
  readonly methods: readonly ApiMethod[]
  readonly components: { readonly schemas: Readonly<Record<string, JsonSchema>> }
}

export interface ApiMethod {
  readonly name: string
  readonly summary: string
  readonly tags?: readonly { readonly name: string }[]
  readonly params: readonly {
    readonly name: string
    readonly required?: boolean
    readonly schema: JsonSchema
  }[]
  readonly examples?: readonly {
    readonly params: readonly { readonly name: string; readonly value: unknown }[]
  }[]
  /** Only methods of WebSockets have it: they push notifications. */
  readonly 'x-notification'?: unknown
}

export interface JsonSchema {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly anyOf?: readonly JsonSchema[]
  readonly description?: string
  readonly default?: unknown
  readonly properties?: Readonly<Record<string, JsonSchema>>
}

/** How a parameter is entered: as a text, as one of some words, as yes or no, or as JSON. */
export type FieldInput = 'text' | 'choice' | 'flag' | 'json'

/** A parameter of a method as a form shows it. */
export interface FormField {
  readonly name: string
  readonly isRequired: boolean
  readonly description: string
  readonly input: FieldInput
  /** JSON that is a number alone. */
  readonly isNumber: boolean
  /** The words of a choice. */
  readonly choices: readonly string[]
  /** What the field holds at first: what may be left out is empty, a flag is as without it. */
  readonly initial: string
  /** What the server takes if the field is empty, as JSON text. */
  readonly fallback: string | undefined
}

/** The credential is the session's. */
const credentials = ['token', 'supertoken', 'father_token']

/** The fields of a method's form, in the order of its parameters. What is required begins with the method's example. */
export function formOf(method: ApiMethod, { components }: ApiDocument): readonly FormField[] {
  const example = new Map(method.examples?.[0]?.params.map(({ name, value }) => [name, value]))
  return method.params
    .filter(({ name }) => !credentials.includes(name))
    .map(({ name, required = false, schema }) => {
      const resolved = resolve(schema, components.schemas)
      const { input, choices } = inputOf(resolved)
      const wanted = required || input === 'flag' ? (example.get(name) ?? resolved.default) : undefined
      return {
        name,
        isRequired: required,
        description: schema.description ?? resolved.description ?? '',
        input,
        isNumber: isNumber(resolved),
        choices,
        initial: wanted === undefined ? '' : initialText(input, wanted),
        fallback: resolved.default === undefined ? undefined : stringifyJson(resolved.default),
      }
    })
}

/** Thrown for a text that is not what its field takes. */
export class FieldFault extends Error {
  readonly field: string
  constructor(field: string, options: ErrorOptions) {
    super(`${field} is not JSON`, options)
    this.field = field
  }
}

/** The parameters that the texts of a form mean; an empty field is left out. Throws FieldFault. */
export function readForm(
  fields: readonly FormField[],
  texts: Readonly<Record<string, string>>,
): Readonly<Record<string, unknown>> {
  const params: [string, unknown][] = []
  for (const field of fields) {
    const text = texts[field.name] ?? field.initial
    if (text.trim() === '') continue
    const value = readField(field, text)
    const isAsWithout = field.input === 'flag' && text === (field.fallback ?? 'false')
    if (!isAsWithout) params.push([field.name, value])
  }
  return Object.fromEntries(params)
}

function readField({ name, input }: FormField, text: string): unknown {
  if (input === 'text' || input === 'choice') return text
  try {
    return parseJson(text)
  } catch (cause) {
    throw new FieldFault(name, { cause })
  }
}

function initialText(input: FieldInput, value: unknown): string {
  if (typeof value === 'string' && (input === 'text' || input === 'choice')) return value
  return typeof value === 'object' && value !== null ? JSON.stringify(value, null, 2) : stringifyJson(value)
}

/** The schema behind references, and the one that is not null of two. */
function resolve(schema: JsonSchema, schemas: ApiDocument['components']['schemas']): JsonSchema {
  const { $ref, anyOf, ...rest } = schema
  if ($ref !== undefined) {
    const named = schemas[$ref.slice($ref.lastIndexOf('/') + 1)]
    return named === undefined ? rest : resolve({ ...named, ...rest }, schemas)
  }
  const others = anyOf?.filter(({ type }) => type !== 'null') ?? []
  const [only] = others
  return only !== undefined && others.length === 1 ? resolve({ ...only, ...rest }, schemas) : schema
}

function isNumber({ type }: JsonSchema): boolean {
  const types = [type ?? []].flat().filter(each => each !== 'null')
  return types.length > 0 && types.every(each => each === 'integer' || each === 'number')
}

function inputOf(schema: JsonSchema): Pick<FormField, 'input' | 'choices'> {
  const words = schema.enum ?? (schema.const === undefined ? [] : [schema.const])
  if (words.length > 0 && words.every(word => typeof word === 'string'))
    return { input: 'choice', choices: words }
  const types = [schema.type ?? []].flat().filter(type => type !== 'null')
  const [type] = types
  if (types.length !== 1) return { input: 'json', choices: [] }
  if (type === 'string') return { input: 'text', choices: [] }
  return { input: type === 'boolean' ? 'flag' : 'json', choices: [] }
}
