import type { z } from 'zod'

/** By name, and where they stand by position. */
interface ExactParams {
  readonly names: readonly string[]
  readonly byName: ReadonlySet<string>
  readonly byPosition: ReadonlySet<number>
}

const known = new WeakMap<z.ZodObject, ExactParams>()

/**
 * The parameters of a method that need their numbers as they were written, however long: those that may hold any JSON,
 * such as a payload, or conditions on one. What is only ever a text, a flag or a number of ours needs no such care.
 */
export function exactParamsOf(params: z.ZodObject): ExactParams {
  const before = known.get(params)
  if (before !== undefined) return before
  const all = Object.keys(params.shape)
  const names = all.filter(name => mayHoldAny(params.shape[name] as z.core.$ZodType, new Set()))
  const byPosition = new Set(names.map(name => all.indexOf(name)))
  const found = { names, byName: new Set(names), byPosition }
  known.set(params, found)
  return found
}

/** What this does not know counts as one that may. */
function mayHoldAny(schema: z.core.$ZodType, seen: Set<z.core.$ZodType>): boolean {
  if (seen.has(schema)) return false
  seen.add(schema)
  const within = (inner: z.core.$ZodType | undefined | null): boolean =>
    inner !== undefined && inner !== null && mayHoldAny(inner, seen)
  const { def } = (schema as z.core.$ZodTypes)._zod
  switch (def.type) {
    case 'string':
    case 'number':
    case 'boolean':
    case 'null':
    case 'undefined':
    case 'never':
    case 'literal':
    case 'enum':
      return false
    case 'object':
      return Object.values(def.shape).some(within) || within(def.catchall)
    case 'array':
      return within(def.element)
    case 'record':
      return within(def.valueType)
    case 'tuple':
      return def.items.some(within) || within(def.rest)
    case 'union':
      return def.options.some(within)
    case 'optional':
    case 'nullable':
    case 'default':
    case 'prefault':
    case 'readonly':
    case 'nonoptional':
      return within(def.innerType)
    case 'pipe':
      return within(def.in)
    default:
      return true
  }
}
