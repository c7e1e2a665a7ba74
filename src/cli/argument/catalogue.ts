import type { AppendedName, Client, ResourceName } from '../../client/client.ts'
import { CommandFailure, meantOrAll, UsageError } from '../terminal/failure.ts'

type Json = Readonly<Record<string, unknown>>

/** What a condition's value looks like: `number[]` for a list of numbers. */
export type ValueKind = 'number' | 'text' | 'json' | 'number[]' | 'text[]'

/** The resources of a server and their conditions, as its OpenRPC document describes them. */
export interface Catalogue {
  /** Throws UsageError, with the names there are, when the server keeps no such resource. */
  requireResource(name: string): ResourceName
  /** Throws UsageError also for a resource whose records are not appended. */
  requireAppended(name: string): AppendedName
  /** Undefined for a key that the resource does not have. */
  kindOf(resource: ResourceName, key: string): ValueKind | undefined
  /** Every word and key of the resource's conditions; undefined where the document does not say. */
  conditionsOf(resource: ResourceName): ReadonlySet<string> | undefined
}

/** Asks the server for its OpenRPC document, so that a new resource needs nothing here. */
export async function loadCatalogue(client: Client): Promise<Catalogue> {
  const document = await client.call('rpc.discover', {})
  const methods =
    isObject(document) && Array.isArray(document.methods) ? document.methods.filter(isObject) : []
  if (!isObject(document) || methods.length === 0) {
    throw new CommandFailure('the server answers, but not with an OpenRPC document: is it a Daybook?')
  }
  const queries = new Map(
    methods.flatMap(method => {
      const name = typeof method.name === 'string' ? /^(.+)_query$/.exec(method.name)?.[1] : undefined
      return name === undefined ? [] : [[name, method.params] as const]
    }),
  )
  const names = new Set(methods.map(method => method.name))
  const requireResource = (name: string): ResourceName => {
    // The server's list is the authority; the type knows only the resources of this version.
    if (queries.has(name)) return name as ResourceName
    throw new UsageError(`no resource "${name}"${meantOrAll(name, [...queries.keys()])}`)
  }
  return {
    requireResource,
    requireAppended: name => {
      const resource = requireResource(name)
      if (names.has(`${resource}_append`)) return resource as AppendedName
      const appended = [...queries.keys()].filter(each => names.has(`${each}_append`))
      throw new UsageError(`nothing can be appended to ${name}${meantOrAll('', appended)}`)
    },
    kindOf: (resource, key) => {
      const schema = findProperty(queries.get(resource), key, { document, seen: new Set() })
      return schema === undefined ? undefined : kindOfSchema(schema)
    },
    conditionsOf: resource => {
      const list = findProperty(queries.get(resource), 'condition', { document, seen: new Set() })
      const names = namesIn(list?.items, document, new Set())
      // A query has no word for every record, a delete has.
      return names.length === 0 ? undefined : new Set([...names, 'all'])
    },
  }
}

/** The words and keys of a schema of conditions: its texts, and the properties of its objects. */
function namesIn(node: unknown, document: Json, seen: Set<unknown>): readonly string[] {
  const schema = resolve(node, document)
  if (!isObject(schema) || seen.has(schema)) return []
  seen.add(schema)
  const words = schema.type === 'string' && Array.isArray(schema.enum) ? schema.enum.map(String) : []
  const keys = isObject(schema.properties) ? Object.keys(schema.properties) : []
  const kinds = [schema.anyOf, schema.oneOf].flatMap(each => (Array.isArray(each) ? each : []))
  return [...words, ...keys, ...kinds.flatMap(each => namesIn(each, document, seen))]
}

interface Search {
  readonly document: Json
  readonly seen: Set<unknown>
}

/** The schema of the property `key`, wherever below `node` one declares it; references are followed. */
function findProperty(node: unknown, key: string, search: Search): Json | undefined {
  if (typeof node !== 'object' || node === null || search.seen.has(node)) return undefined
  search.seen.add(node)
  if (isObject(node) && isObject(node.properties) && Object.hasOwn(node.properties, key)) {
    const schema = resolve(node.properties[key], search.document)
    if (isObject(schema)) return schema
  }
  for (const inner of Object.values(resolve(node, search.document) ?? {})) {
    const found = findProperty(inner, key, search)
    if (found !== undefined) return found
  }
  return undefined
}

/** Follows a local reference such as `#/components/schemas/Condition`. */
function resolve(node: unknown, document: Json): object | undefined {
  if (typeof node !== 'object' || node === null) return undefined
  if (!isObject(node) || typeof node.$ref !== 'string') return node
  let target: unknown = document
  for (const part of node.$ref.replace(/^#\//, '').split('/')) {
    target = isObject(target) && Object.hasOwn(target, part) ? target[part] : undefined
  }
  return typeof target === 'object' && target !== null ? target : undefined
}

function kindOfSchema(schema: Json): ValueKind {
  // A pair is `items: [a, b]` (draft 7) or `prefixItems` (later drafts).
  const pair = Array.isArray(schema.items) ? schema.items : schema.prefixItems
  const items = Array.isArray(pair) ? pair[0] : schema.items
  if (isObject(items)) return isNumeric(items) ? 'number[]' : 'text[]'
  if (isNumeric(schema)) return 'number'
  return schema.type === 'string' || schema.enum !== undefined ? 'text' : 'json'
}

function isNumeric({ type }: Json): boolean {
  return type === 'integer' || type === 'number'
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
