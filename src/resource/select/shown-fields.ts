import { type RawBuilder, sql } from 'kysely'
import { z } from 'zod'
import type { Resource } from '../resource.ts'
import { durationOf, stateOf, states } from '../state.ts'
import type { ShownField } from './render.ts'

/** A member of rows that no column holds: it is made of what columns hold. Null where it does not apply. */
interface MadeField {
  readonly name: string
  readonly kind: ShownField['kind']
  readonly summary: string
  readonly value: z.ZodType
  readonly make: (resource: Resource) => RawBuilder<unknown>
}

const maxLine = 300
/** The first line is looked for in so many characters: an error may be a megabyte. */
const lookedAt = 2000

/** So that a list needs no payloads. */
const madeFields = [
  {
    name: 'state',
    kind: 'enum',
    summary: 'What the words of its state say',
    value: z.enum(states),
    make: stateOf,
  },
  {
    name: 'duration_ms',
    kind: 'integer',
    summary: 'From its start to its finish',
    value: z.int(),
    make: resource => durationOf(resource) ?? sql`null::bigint`,
  },
  {
    name: 'error_first_line',
    kind: 'text',
    summary: `The first line of error_message that says something, at most ${maxLine} characters`,
    value: z.string(),
    make: firstLineOfError,
  },
] as const satisfies readonly MadeField[]

function firstLineOfError({ fields }: Resource): RawBuilder<string | null> {
  if (!fields.some(({ name, kind }) => name === 'error_message' && kind === 'text')) return sql`null::text`
  const begin = sql`ltrim(left(error_message, ${sql.lit(lookedAt)}), E' \\t\\r\\n')`
  return sql`rtrim(left(split_part(${begin}, E'\\n', 1), ${sql.lit(maxLine)}), E' \\t\\r')`
}

/** Those of a resource; a field of its own of the same name comes first. */
function madeFieldsOf({ fields }: Resource): readonly MadeField[] {
  return madeFields.filter(made => !fields.some(field => field.name === made.name))
}

/** The names of all that a row can show. */
export function shownNames(resource: Resource): readonly string[] {
  return [...resource.fields, ...madeFieldsOf(resource)].map(({ name }) => name)
}

/** The schemas of what a row can show beside its fields. */
export function madeSchemas(resource: Resource): Readonly<Record<string, z.ZodType>> {
  const members = madeFieldsOf(resource).map(({ name, summary, value }) => [
    name,
    value.nullable().describe(summary),
  ])
  return Object.fromEntries(members)
}

/** What rows show: the fields of these names in the order of the resource, then what is made; all fields where no names are given. */
export function shownFields(resource: Resource, names: readonly string[] | undefined): readonly ShownField[] {
  if (names === undefined) return resource.fields
  const made = madeFieldsOf(resource).map(({ name, kind, make }) => ({
    name,
    kind,
    nullable: true as const,
    made: make(resource),
  }))
  return [...resource.fields, ...made].filter(({ name }) => names.includes(name))
}
