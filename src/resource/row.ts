import { z } from 'zod'
import type { FieldKind } from '../condition/language.ts'
import { recordTime } from '../condition/value.ts'
import { nameSchema } from '../permission/name.ts'
import { textCheck } from '../text-check.ts'
import type { GivenRow, Resource, ResourceField } from './resource.ts'

/** What a field holds where it is not null. */
export type ValueOf<F extends ResourceField> = F extends { kind: 'enum'; values: readonly (infer V)[] }
  ? V
  : F['kind'] extends 'id' | 'integer' | 'time'
    ? number
    : F['kind'] extends 'json'
      ? unknown
      : string

type Nullable<F extends ResourceField> = F extends { nullable: true } ? ValueOf<F> | null : ValueOf<F>

/** A record as it goes over the wire. */
export type RowOf<Fields extends readonly ResourceField[]> = {
  -readonly [F in Fields[number] as F['name']]: Nullable<F>
}

/** What a client gives to append a record. */
export type NewRowOf<Fields extends readonly ResourceField[]> = {
  -readonly [F in Extract<Fields[number], { append: 'required' }> as F['name']]: Nullable<F>
} & {
  -readonly [F in Extract<Fields[number], { append: 'optional' }> as F['name']]?: Nullable<F>
}

type KindSchemas = Readonly<Record<Exclude<FieldKind, 'enum'>, z.ZodType>>

const schemas: KindSchemas = {
  id: z.int(),
  integer: z.int(),
  name: nameSchema,
  text: z.string(),
  json: z.unknown(),
  time: recordTime,
}

function schemaOf({ kind, values = [], minimum }: ResourceField, of: KindSchemas): z.ZodType {
  if (kind === 'enum') return z.enum(values)
  return minimum === undefined ? of[kind] : z.int().min(minimum)
}

function valueSchema(field: ResourceField): z.ZodType {
  const said = schemaOf(field, schemas).describe(field.summary)
  return field.nullable === true ? said.nullable() : said
}

type RowShape<Fields extends readonly ResourceField[]> = {
  -readonly [F in Fields[number] as F['name']]: z.ZodType<Nullable<F>>
}

/** The wire row: every member always present, in this order. */
export function rowSchema<R extends Resource>(resource: R) {
  const members = resource.fields.map(field => [field.name, valueSchema(field)])
  // A field for each member, as the type says.
  const shape = Object.fromEntries(members) as RowShape<R['fields']>
  return z.strictObject(shape).meta({ title: `${resource.name} row` })
}

/** What a client may give to append a record; unknown members are faults. */
export function newRowSchema(resource: Resource): z.ZodObject {
  const given = resource.fields.filter(field => field.append !== 'generated')
  const members = given.map(field => {
    const schema = valueSchema(field)
    return [field.name, field.append === 'optional' ? schema.optional() : schema]
  })
  return z.strictObject(Object.fromEntries(members))
}

/** A row in the order of its fields, ready to be bound. */
export type BoundRow = readonly unknown[]

/** Fills in what a parsed row left out. JSON null becomes null; other JSON values become their text. */
export function bindRow(fields: readonly ResourceField[], given: GivenRow, now: number): BoundRow {
  return fields.map(field => {
    const value = given[field.name]
    const present = value === undefined ? field.initial?.(given, now) : value
    return bindValue(field, present ?? null)
  })
}

function bindValue(field: ResourceField, value: unknown): unknown {
  return field.kind === 'json' && value !== null ? JSON.stringify(value) : value
}

// Longer than a client's new name may be: some of our names consist of two.
const maxImportedName = 1000

function importedNameFault(text: string): string | undefined {
  if (text.length > maxImportedName) return `must have at most ${maxImportedName} characters`
  return /\p{Cc}/u.test(text) ? 'must not contain control characters' : undefined
}

// Later records are numbered behind an import and need safe integers, too: this leaves half of them.
const maxImportedKey = 2 ** 52

const importSchemas: KindSchemas = {
  ...schemas,
  id: z.int().min(1).max(maxImportedKey),
  name: z.string().superRefine(textCheck(importedNameFault)),
  json: z.unknown().refine(value => value !== undefined, 'is missing'),
}

function importedSchema(field: ResourceField): z.ZodType {
  const schema = schemaOf(field, importSchemas)
  if (field.nullable === true) return schema.nullable()
  return field.kind === 'json' ? schema.refine(value => value !== null, 'is null') : schema
}

/** A wire row with its key, every member present: what an export gave. */
export function importRowSchema({ fields }: Resource): z.ZodObject {
  return z.strictObject(Object.fromEntries(fields.map(field => [field.name, importedSchema(field)])))
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
