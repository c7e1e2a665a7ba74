/** JSON Schema, as far as the OpenRPC document uses it. */
export interface Schema {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly additionalProperties?: boolean | Schema
  readonly items?: Schema | readonly Schema[]
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly allOf?: readonly Schema[]
}

export type Path = readonly (string | number)[]

/**
 * Where in `value` objects stand of which `schema` names all members: there and only there a member can be unknown. An object
 * that takes others as well says so (`additionalProperties`).
 */
export function describedObjects(
  value: unknown,
  schema: Schema,
  lookUp: (reference: string) => Schema,
  path: Path = [],
): readonly Path[] {
  if (schema.$ref !== undefined) return describedObjects(value, lookUp(schema.$ref), lookUp, path)
  const { anyOf = [], oneOf = [], allOf = [], properties, items } = schema
  const alternatives = [...anyOf, ...oneOf, ...allOf]
  const inAlternatives = alternatives.flatMap(each => describedObjects(value, each, lookUp, path))
  if (Array.isArray(value)) {
    const inItems = value.flatMap((item, i) => {
      const its = isList(items) ? items[i] : items
      return its === undefined ? [] : describedObjects(item, its, lookUp, [...path, i])
    })
    return unique([...inAlternatives, ...inItems])
  }
  if (typeof value !== 'object' || value === null || properties === undefined) return unique(inAlternatives)
  const inMembers = Object.entries(value).flatMap(([name, member]) => {
    const its = properties[name]
    return its === undefined ? [] : describedObjects(member, its, lookUp, [...path, name])
  })
  const isOpen = typeof schema.additionalProperties === 'object' || schema.additionalProperties === true
  return unique([...(isOpen ? [] : [path]), ...inAlternatives, ...inMembers])
}

function isList(items: Schema['items']): items is readonly Schema[] {
  return Array.isArray(items)
}

function unique(paths: readonly Path[]): readonly Path[] {
  return [...new Map(paths.map(path => [JSON.stringify(path), path])).values()]
}

/** A copy of `value` in which the object at `path` has one member more. */
export function withMember<T extends object>(value: T, path: Path, name: string): T {
  const copy = structuredClone(value)
  let object = copy as Record<string | number, unknown>
  for (const part of path) object = object[part] as Record<string | number, unknown>
  object[name] = 1
  return copy
}
