import { z } from 'zod'
import { moment, plain, type Storage } from './storage.ts'

/** An option of the command line that gives a field, or one member of it. */
export interface Flag {
  /** As commander takes it: `--batch-size <n>`. */
  readonly option: string
  readonly summary: string
  /** What its text is; `textOrNull`: an empty one is null. Absent: the value itself. */
  readonly value?: 'number' | 'duration' | 'json' | 'list' | 'textOrNull'
  /** What an option without a text gives, e.g. false for `--disabled`. */
  readonly means?: unknown
  /** The member of the field that it gives: `nats.subject`. */
  readonly member?: string
  /** The option without which it says nothing: `--cron`. */
  readonly needs?: string
  readonly isRequired?: true
  /** Where it is an option of; absent: of both. */
  readonly only?: 'create' | 'update'
}

/** Declares an option; `more`: what its text is and what it gives. */
export function flag(option: string, summary: string, more: Omit<Flag, 'option' | 'summary'> = {}): Flag {
  return { option, summary, ...more }
}

/** How a list on the command line shows a field. */
export interface ListedField<Shown> {
  readonly title: string
  readonly kind?: 'plain' | 'line'
  /** What is shown of the value; absent: all of it. */
  read?(value: Shown): unknown
}

/** What a field is for those who give, change, keep and read it; `never`: they do not. */
export interface FieldTypes {
  readonly input: unknown
  readonly output: unknown
  readonly change: unknown
  readonly stored: unknown
  readonly shown: unknown
}

/** A member of a definition. Its types are worked out when it is declared: the client's types name no schema. */
export interface Field<T extends FieldTypes = FieldTypes> {
  /** What clients give; absent: the server keeps it. A default makes it optional, and holds for creations alone. */
  readonly schema?: z.ZodType
  /** What they give to change it; absent: the same, without its default. */
  readonly change?: z.ZodType
  /** Of a key: how one that is there is named; absent: as it was created. */
  readonly named?: z.ZodType
  /** It stays as it was created. */
  readonly isFixed: boolean
  /** What clients read; absent: nothing. */
  readonly shown?: z.ZodType
  /** What is shown of what is stored; absent: the same. */
  show?(stored: T['stored']): unknown
  readonly storage: Storage<T['stored']>
  /** The store sets it to the moment of a creation, or of every change. */
  readonly stamp?: 'created' | 'updated'
  readonly flags: readonly Flag[]
  readonly listed?: ListedField<T['shown']>
  /** Never there: only the compiler asks. */
  readonly types?: T
}

export type Fields = Readonly<Record<string, Field>>

export interface GivenOptions<Stored, Shown, Fixed> {
  /** Absent: the column of the field's name holds what was given. */
  readonly storage?: Storage<Stored>
  /** Absent: what was given. */
  readonly shown?: z.ZodType<Shown>
  show?(stored: Stored): Shown
  readonly fixed?: Fixed
  /** Where a change may say less than a creation; absent: the same, without the default. */
  readonly change?: z.ZodType
  readonly named?: z.ZodType
  readonly flags?: readonly Flag[]
  readonly listed?: ListedField<Shown>
}

/** A field that clients give. */
export function given<
  Schema extends z.ZodType,
  Stored = z.output<Schema>,
  Shown = z.output<Schema>,
  const Fixed extends boolean = false,
>(
  schema: Schema,
  options: GivenOptions<Stored, Shown, Fixed> = {},
): Field<{
  input: z.input<Schema>
  output: z.output<Schema>
  change: Fixed extends true ? never : z.input<Schema>
  stored: NoInfer<Stored>
  shown: NoInfer<Shown>
}> {
  const {
    storage = plain<Stored>(),
    shown = requiredOf(schema),
    fixed = false,
    flags = [],
    ...rest
  } = options
  return { schema, isFixed: fixed, shown, storage, flags, ...rest }
}

/** What clients only say when they create one: nothing of it is kept. */
export function asked<Schema extends z.ZodType>(
  schema: Schema,
  flags: readonly Flag[] = [],
): Field<{ input: z.input<Schema>; output: z.output<Schema>; change: never; stored: never; shown: never }> {
  const nowhere: Storage<never> = { columns: [], write: () => [], read: () => undefined as never }
  return { schema, isFixed: true, storage: nowhere, flags }
}

export interface KeptOptions<Stored, Shown> {
  readonly storage?: Storage<Stored>
  readonly stamp?: 'created' | 'updated'
  readonly listed?: ListedField<Shown>
}

export interface KeptTypes<Stored, Shown> extends FieldTypes {
  readonly input: never
  readonly output: never
  readonly change: never
  readonly stored: Stored
  readonly shown: Shown
}

/** A field that the server keeps and clients only read. */
export function kept<Shown, Stored = Shown>(
  shown: z.ZodType<Shown>,
  options: KeptOptions<Stored, Shown> = {},
): Field<KeptTypes<NoInfer<Stored>, NoInfer<Shown>>> {
  const { storage = plain<Stored>(), ...rest } = options
  return { isFixed: true, shown, storage, flags: [], ...rest }
}

/** A field that the server keeps to itself. */
export function hidden<Stored>(storage: Storage<Stored>): Field<KeptTypes<NoInfer<Stored>, never>> {
  return { isFixed: true, storage, flags: [] }
}

/** The number that the database gives a definition. */
export const id = kept(z.int())

/** Whose it is, where a kind of definition is owned. */
export const owner = kept(z.string().describe('The key of the token that made it'), {
  listed: { title: 'owner' },
})

const time = z.int().describe('Epoch milliseconds')
export const createdTime = kept(time, { storage: moment(), stamp: 'created' })
export const updatedTime = kept(time, { storage: moment(), stamp: 'updated' })

/** The same members, each of which may be left out; none has a default. */
export function optionalOf(shape: Readonly<Record<string, z.ZodType>>): Record<string, z.ZodType> {
  return Object.fromEntries(
    Object.entries(shape).map(([name, schema]) => [name, requiredOf(schema).optional()]),
  )
}

/** The schema without what makes it optional. */
function requiredOf(schema: z.ZodType): z.ZodType {
  const isWrapped =
    schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional
  if (!isWrapped) return schema
  const inner = schema.unwrap() as z.ZodType
  const { description } = schema
  return requiredOf(description === undefined ? inner : inner.describe(description))
}
