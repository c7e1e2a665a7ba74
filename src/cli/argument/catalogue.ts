import type { AppendedName, Client, ResourceName } from '../../client/client.ts'
import { CommandFailure, meantOrAll, UsageError } from '../terminal/failure.ts'

type Json = Readonly<Record<string, unknown>>

/** The kind of a condition's value: `number[]` for a list of numbers. */
export type ValueKind = 'number' | 'text' | 'json' | 'number[]' | 'text[]'

/** The words and keys of a resource's conditions and the kinds of their values; empty where only the server knows them. */
export type KnownConditions = ReadonlyMap<string, ValueKind>

/** The resources of a server and their conditions, as its OpenRPC document describes them. */
export interface Catalogue {
  /** Throws UsageError, with the names there are, when the server keeps no such resource. */
  requireResource(name: string): ResourceName
  /** Throws UsageError also for a resource whose records are not appended. */
  requireAppended(name: string): AppendedName
  conditionsOf(resource: ResourceName): KnownConditions
}

/** Asks the server for its OpenRPC document, so that a new resource needs no change here. */
export async function loadCatalogue(client: Client): Promise<Catalogue> {
  const document = objectOf(await client.call('rpc.discover', {}))
  const methods = new Map(listOf(document.methods).map(method => [String(method.name), method]))
  if (methods.size === 0) {
    throw new CommandFailure('the server answers, but not with an OpenRPC document: is it a Daybook?')
  }
  const names = [...methods.keys()].flatMap(name => /^(.+)_query$/.exec(name)?.[1] ?? [])
  const requireResource = (name: string): ResourceName => {
    // The server's list is the authority; the type knows only the resources of this version.
    if (names.includes(name)) return name as ResourceName
    throw new UsageError(`no resource "${name}"${meantOrAll(name, names)}`)
  }
  return {
    requireResource,
    requireAppended: name => {
      const resource = requireResource(name)
      if (methods.has(`${resource}_append`)) return resource as AppendedName
      const appended = names.filter(each => methods.has(`${each}_append`))
      throw new UsageError(`nothing can be appended to ${name}${meantOrAll('', appended)}`)
    },
    conditionsOf: resource => {
      const params = listOf(methods.get(`${resource}_query`)?.params)
      const query = resolve(params.find(({ name }) => name === 'query')?.schema, document)
      const list = resolve(objectOf(query.properties).condition, document)
      const known = membersIn(list.items, document)
      // `all` is a word of delete alone, so that no query lists it.
      return known.size === 0 ? known : new Map([...known, ['all', 'text']])
    },
  }
}

/** The members of the objects that a schema of conditions allows. */
function membersIn(node: unknown, document: Json): KnownConditions {
  const schema = resolve(node, document)
  const own = Object.entries(objectOf(schema.properties)).map(
    ([name, value]) => [name, kindOfSchema(resolve(value, document))] as const,
  )
  const kinds = [...listOf(schema.anyOf), ...listOf(schema.oneOf)]
  return new Map([...own, ...kinds.flatMap(each => [...membersIn(each, document)])])
}

/** Follows a local reference such as `#/components/schemas/Condition`. */
function resolve(node: unknown, document: Json): Json {
  const schema = objectOf(node)
  if (typeof schema.$ref !== 'string') return schema
  const path = schema.$ref.replace(/^#\//, '').split('/')
  return path.reduce((target, part) => objectOf(Object.hasOwn(target, part) ? target[part] : {}), document)
}

function kindOfSchema(schema: Json): ValueKind {
  // A pair is `items: [a, b]` (draft 7) or `prefixItems` (later drafts).
  const pair = Array.isArray(schema.items) ? schema.items : schema.prefixItems
  const items = Array.isArray(pair) ? pair[0] : schema.items
  if (items !== undefined) return isNumeric(objectOf(items)) ? 'number[]' : 'text[]'
  if (isNumeric(schema)) return 'number'
  return schema.type === 'string' || schema.enum !== undefined ? 'text' : 'json'
}

function isNumeric({ type }: Json): boolean {
  return type === 'integer' || type === 'number'
}

/** The document of another server may hold anything anywhere. */
function objectOf(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {}
}

function listOf(value: unknown): readonly Json[] {
  return Array.isArray(value) ? value.map(objectOf) : []
}
