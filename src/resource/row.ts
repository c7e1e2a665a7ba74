import { z } from 'zod'
import type { FieldKind } from '../condition/field.ts'
import { recordTime } from '../condition/value.ts'
import { nameSchema } from '../permission/name.ts'
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

const schemas: Record<Exclude<FieldKind, 'enum'>, z.ZodType> = {
  id: z.int(),
  integer: z.int(),
  name: nameSchema,
  text: z.string(),
  json: z.unknown(),
  time: recordTime,
}

function schemaOf(field: ResourceField): z.ZodType {
  if (field.kind === 'enum') return z.enum(field.values ?? [])
  return field.minimum === undefined ? schemas[field.kind] : z.int().min(field.minimum)
}

function valueSchema(field: ResourceField): z.ZodType {
  const schema = schemaOf(field)
  const said = schema.describe(field.summary)
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
