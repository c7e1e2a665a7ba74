import { z } from 'zod'
import type { FieldKind } from '../../condition/field.ts'
import { recordTime } from '../../condition/value.ts'
import { textCheck } from '../../text-check.ts'
import type { GivenRow, Resource, ResourceField } from '../resource.ts'
import { type BoundRow, bindRow } from '../row.ts'

// Longer than a name that a client may make: some of ours are made of two.
const maxNameLength = 1000

function nameFault(text: string): string | undefined {
  if (text.length > maxNameLength) return `must have at most ${maxNameLength} characters`
  return /\p{Cc}/u.test(text) ? 'must not contain control characters' : undefined
}

// What is recorded after an import is numbered behind it, and must be a safe integer as well: this leaves half of them.
const maxImportedKey = 2 ** 52

const schemas: Record<Exclude<FieldKind, 'enum'>, z.ZodType> = {
  id: z.int().min(1).max(maxImportedKey),
  integer: z.int(),
  name: z.string().superRefine(textCheck(nameFault)),
  text: z.string(),
  json: z.unknown().refine(value => value !== undefined, 'is missing'),
  time: recordTime,
}

function valueSchema(field: ResourceField): z.ZodType {
  const { kind, minimum, values = [] } = field
  const schema = kind === 'enum' ? z.enum(values) : schemas[kind]
  const checked = minimum === undefined ? schema : z.int().min(minimum)
  if (kind === 'json' && field.nullable !== true) return checked.refine(value => value !== null, 'is null')
  return field.nullable === true ? checked.nullable() : checked
}

/** A wire row with its key, every member present: what an export gave. */
export function importRowSchema(resource: Resource): z.ZodObject {
  return z.strictObject(Object.fromEntries(resource.fields.map(field => [field.name, valueSchema(field)])))
}

/** Binds a whole wire row, in the order of the resource's fields. */
export function bindImported(resource: Resource, row: GivenRow): BoundRow {
  const bound = bindRow(resource.fields, row, 0)
  if (!hasReturnedNull(resource, row)) return bound
  return bound.map((value, i) => (resource.fields[i]?.name === 'result' ? 'null' : value))
}

/**
 * On the wire a run that returned null and one that has not returned look alike but for the time at which it ended; without
 * a status that is all there is to tell. Taken for one that still runs, it would never end.
 */
function hasReturnedNull({ finish }: Resource, row: GivenRow): boolean {
  if (finish === undefined || finish.status !== undefined) return false
  return row.finish_time !== null && row.result === null && row.error_message === null
}
