import { type Member, memberOf, membersOf, type Schema, typeText } from './schema-text.ts'

/** What is read of the OpenRPC document. */
export interface OpenRpc {
  readonly methods: readonly DocumentedMethod[]
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> }
}

interface Param {
  readonly name: string
  readonly required: boolean
  readonly schema: Schema
}

interface DocumentedMethod {
  readonly name: string
  readonly summary: string
  readonly tags: readonly { readonly name: string }[]
  readonly params: readonly Param[]
  readonly result: { readonly schema: Schema }
  readonly examples: readonly {
    readonly params: readonly { readonly name: string; readonly value: unknown }[]
  }[]
  readonly errors: readonly unknown[]
}

/** A kind of record, as its methods have it. */
export interface Kind {
  readonly name: string
  readonly summary: string
}

/** What the methods that every kind of record has are called by: `X_query` of `js-result_query`. */
const verbs = new Set(
  'query page count get facet delete append import finish subscribe unsubscribe'.split(' '),
)

const verbOf = (name: string): string => name.slice(name.lastIndexOf('_') + 1)

/** docs/methods.md below its introduction, as Markdown. Methods that every kind of record has are told once, as `X_query`. */
export function methodsText({ methods, components }: OpenRpc, kinds: readonly Kind[]): string {
  const isOfKind = ({ name }: DocumentedMethod): boolean =>
    kinds.some(kind => name.startsWith(`${kind.name}_`)) && verbs.has(verbOf(name))
  const ofKinds = Map.groupBy(methods.filter(isOfKind), ({ name }) => verbOf(name))
  const others = Map.groupBy(
    methods.filter(method => !isOfKind(method)),
    ({ tags }) => tags[0]?.name ?? '',
  )
  const shapes = Object.entries(components.schemas).filter(([name]) => !isOfRecords(name, kinds))
  return [
    '## X: every kind of record',
    ...[...ofKinds.values()].map(same => recordMethod(same, kinds)),
    ...[...others].flatMap(([tag, of]) => [
      `## ${tag}`,
      ...of.map(method => methodText(method, method.name)),
    ]),
    '## Shapes',
    ...shapes.map(([name, schema]) => `### ${name}\n\n${shapeText(schema)}`),
    '## Fields of records',
    ...kinds.map(kind => fieldsText(kind, methods, components.schemas)),
  ].join('\n\n')
}

function isOfRecords(schema: string, kinds: readonly Kind[]): boolean {
  return kinds.some(({ name }) => [`${name}_query`, `${name}_delete_query`, `${name}_row`].includes(schema))
}

function recordMethod(same: readonly DocumentedMethod[], kinds: readonly Kind[]): string {
  const [first] = same
  const kind = kinds.find(({ name }) => first?.name.startsWith(`${name}_`))
  if (first === undefined || kind === undefined) throw new Error('a method of no kind of record')
  const method = { ...first, summary: first.summary.replace(kind.summary, 'records') }
  const text = methodText(method, `X_${verbOf(first.name)}`)
  if (same.length === kinds.length) return text
  const names = same.map(({ name }) => `\`${name.slice(0, name.lastIndexOf('_'))}\``)
  return `${text}\n\nOnly for ${names.join(', ')}.`
}

function methodText({ summary, params, result, examples, errors }: DocumentedMethod, name: string): string {
  // The credential comes first nearly everywhere, and the introduction tells of it.
  const shown = params[0]?.name === 'token' ? params.slice(1) : params
  const members = shown.flatMap(({ name: param, required, schema }) => [
    memberOf(param, required, schema),
    ...shownMembers(schema, param),
  ])
  const given = Object.fromEntries(
    (examples[0]?.params ?? []).map(({ name: param, value }) => [param, value]),
  )
  return [
    `### ${name}`,
    `${summary}.${errors.length === 0 ? ' Needs no credential.' : ''}`,
    ...(members.length === 0 ? [] : [table('parameter', members)]),
    answerText(result.schema),
    ...(Object.keys(given).length === 0 ? [] : [`\`\`\`json\n${JSON.stringify(given)}\n\`\`\``]),
  ].join('\n\n')
}

/** Objects with more members than this are records or change events, which are told of elsewhere. */
const maxMembers = 10

/** The members of a value, but those of conditions and of the records in a list. */
function shownMembers(schema: Schema, path = ''): readonly Member[] {
  if (schema.properties?.condition !== undefined) return []
  const members = membersOf(schema, path)
  const lists = Map.groupBy(members, ({ path: inner }) => inner.slice(0, inner.lastIndexOf('[]')))
  return members.filter(
    ({ path: inner }) =>
      !inner.includes('[]') ||
      (lists.get(inner.slice(0, inner.indexOf('[]'))) ?? members).length <= maxMembers,
  )
}

function answerText(schema: Schema): string {
  if (schema.anyOf?.some(({ $ref }) => $ref !== undefined)) {
    return `Answer: ${schema.anyOf.map(each => (each.$ref === undefined ? namesText(shownMembers(each)) : typeText(each))).join(' or ')}.`
  }
  const members = shownMembers(schema)
  if (members.length === 0) return `Answer: ${lowerFirst(schema.description ?? typeText(schema))}.`
  return members.some(({ meaning }) => meaning !== '')
    ? table('answer', members)
    : `Answer: ${namesText(members)}.`
}

function namesText(members: readonly Member[]): string {
  const names = members.filter(({ path }) => !/[.[]/.test(path))
  return `\`{${names.map(({ path, isRequired }) => `${path}${isRequired ? '' : '?'}`).join(', ')}}\``
}

const lowerFirst = (text: string): string => `${text[0]?.toLowerCase() ?? ''}${text.slice(1)}`

function shapeText(schema: Schema): string {
  const members = membersOf(schema)
  return members.length === 0 ? typeText(schema) : table('member', members)
}

function table(what: string, members: readonly Member[]): string {
  return [
    `| ${what} | type | meaning |`,
    '|---|---|---|',
    ...members.map(
      ({ path, isRequired, type, meaning }) =>
        `| \`${path}${isRequired ? '' : '?'}\` | ${cell(type)} | ${cell(meaning)} |`,
    ),
  ].join('\n')
}

const cell = (text: string): string => text.replaceAll('|', '\\|')

function fieldsText(
  { name }: Kind,
  methods: readonly DocumentedMethod[],
  schemas: Readonly<Record<string, Schema>>,
): string {
  const fields = membersOf(schemas[`${name}_row`] ?? {}).filter(({ path }) => !/[.[]/.test(path))
  const rows = methods
    .find(method => method.name === `${name}_append`)
    ?.params.find(param => param.name === 'rows')
  const appended = rows?.schema.items
  const said = (field: string): string => {
    if (appended?.properties?.[field] === undefined) return ''
    return appended.required?.includes(field) === true ? 'required' : 'optional'
  }
  return [
    `### ${name}`,
    [
      '| field | type | in `_append` | meaning |',
      '|---|---|---|---|',
      ...fields.map(
        ({ path, type, meaning }) => `| \`${path}\` | ${cell(type)} | ${said(path)} | ${cell(meaning)} |`,
      ),
    ].join('\n'),
  ].join('\n\n')
}
