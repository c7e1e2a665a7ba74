/** A JSON Schema as the OpenRPC document has it. */
export interface Schema {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly description?: string
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly items?: Schema
  readonly prefixItems?: readonly Schema[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean | Schema
  readonly default?: unknown
  readonly minimum?: number
  readonly maximum?: number
  readonly minItems?: number
  readonly maxItems?: number
}

/** A member of an object, at any depth: `target.webhook.url`, `events[].sender`. */
export interface Member {
  readonly path: string
  readonly isRequired: boolean
  readonly type: string
  readonly meaning: string
}

const safe = Number.MAX_SAFE_INTEGER

/** The alternatives of a schema; itself where there is one. */
function alternatives({ anyOf, oneOf, ...schema }: Schema): readonly Schema[] {
  const all = anyOf ?? oneOf
  if (all !== undefined) return all.flatMap(alternatives)
  const { type } = schema
  return Array.isArray(type) ? type.map(each => ({ ...schema, type: each })) : [schema]
}

/** The name of a shared schema that is referred to. */
export function nameOf(reference: string): string {
  return reference.slice(reference.lastIndexOf('/') + 1)
}

/** What a value may be, in Markdown: "text or null". */
export function typeText(schema: Schema): string {
  const texts = alternatives(schema).map(alternativeText)
  // What may be anything may be null.
  return texts.includes(anything) ? anything : join([...new Set(texts)])
}

const anything = 'any JSON'

function alternativeText(schema: Schema): string {
  const { $ref, items, minimum = -safe, maximum = safe } = schema
  if ($ref !== undefined) return referenceText(nameOf($ref))
  if ('const' in schema) return `\`${JSON.stringify(schema.const)}\``
  if (schema.enum !== undefined) return enumText(schema.enum)
  switch (schema.type) {
    case 'object':
      return typeof schema.additionalProperties === 'object'
        ? `object, each member ${typeText(schema.additionalProperties)}`
        : 'object'
    case 'array':
      return `list${countText(schema)} of ${items === undefined ? anything : typeText(items)}`
    case 'string':
      return 'text'
    case 'integer':
      return isTime(schema) ? 'epoch ms' : `integer${rangeText(minimum, maximum)}`
    case undefined:
      return anything
    default:
      return String(schema.type)
  }
}

/** Rows and conditions, of which each kind of record has its own, are told of elsewhere. */
function referenceText(name: string): string {
  if (name.endsWith('_row')) return '[record](#fields-of-records)'
  if (name.endsWith('_query')) return '[conditions](conditions.md)'
  return `[${name}](#${name.toLowerCase()})`
}

/** More words than these would hide the table. */
const maxWords = 8

function enumText(words: readonly unknown[]): string {
  const texts = words.map(word => `\`${JSON.stringify(word)}\``)
  return texts.length > maxWords ? `one of ${texts.length} words such as ${texts[0]}` : join(texts)
}

/** The years that a time may lie in. */
function isTime({ minimum, maximum }: Schema): boolean {
  return maximum === Date.UTC(9999, 11, 31, 23, 59, 59, 999) && minimum !== undefined
}

function countText({ minItems = 0, maxItems }: Schema): string {
  if (maxItems === undefined) return minItems > 0 ? ` (at least ${minItems})` : ''
  return minItems > 0 ? ` (${minItems} to ${maxItems})` : ` (at most ${maxItems})`
}

function rangeText(minimum: number, maximum: number): string {
  const [hasLeast, hasMost] = [minimum > -safe, maximum < safe]
  if (hasLeast && hasMost) return ` (${minimum} to ${maximum})`
  if (hasMost) return ` (at most ${maximum})`
  return hasLeast ? ` (at least ${minimum})` : ''
}

function join(texts: readonly string[]): string {
  if (texts.length < 2) return texts.join('')
  return `${texts.slice(0, -1).join(', ')} or ${texts.at(-1)}`
}

/** The members of the objects that a value may be or hold, each once; those of shared schemas stay with them. */
export function membersOf(schema: Schema, path = ''): readonly Member[] {
  const objects = alternatives(schema).flatMap(({ items, properties, required = [] }) => {
    if (items !== undefined) return [membersOf(items, `${path}[]`)]
    if (properties === undefined) return []
    return [
      Object.entries(properties).flatMap(([name, inner]) => {
        const inside = path === '' ? name : `${path}.${name}`
        return [memberOf(inside, required.includes(name), inner), ...membersOf(inner, inside)]
      }),
    ]
  })
  const members = [...Map.groupBy(objects.flat(), member => member.path).values()]
  return members.map(same => mergeMembers(same, same.length === objects.length))
}

export function memberOf(path: string, isRequired: boolean, schema: Schema): Member {
  return { path, isRequired, type: typeText(schema), meaning: meaningOf(schema) }
}

/** A member that several alternatives have. */
function mergeMembers(members: readonly Member[], isInAll: boolean): Member {
  const unique = (texts: readonly string[]): readonly string[] => [
    ...new Set(texts.filter(text => text !== '')),
  ]
  return {
    path: members[0]?.path ?? '',
    isRequired: isInAll && members.every(({ isRequired }) => isRequired),
    type: join(unique(members.map(({ type }) => type))),
    meaning: unique(members.map(({ meaning }) => meaning)).join('; '),
  }
}

function meaningOf(schema: Schema): string {
  const said = [schema, ...alternatives(schema)].find(({ description }) => description !== undefined)
  const { default: fallback } = schema
  const isSaid = fallback === undefined || fallback === null || JSON.stringify(fallback) === '{}'
  return [said?.description, isSaid ? undefined : `default \`${JSON.stringify(fallback)}\``]
    .filter(text => text !== undefined)
    .join('; ')
}
