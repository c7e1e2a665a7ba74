import { z } from 'zod'
import type { Channel } from '../database/channels.ts'
import type { ReasonOf } from '../errors.ts'
import type { Field, Fields, FieldTypes } from './field.ts'
import { optionalOf } from './field.ts'

export type { Field, Fields } from './field.ts'

export type DefinitionVerb = 'create' | 'read' | 'update' | 'delete' | 'list'

/** A method's whole name and what it does, in a sentence. */
type Said = readonly [name: string, summary: string]

/** How the command line manages the definitions of a kind. */
export interface DefinitionCommand {
  /** `sinks` of `daybook sinks list`. */
  readonly name: string
  readonly summary: string
  /** The subcommands that the declaration is enough for; each calls the method of its verb. */
  readonly verbs: Readonly<Partial<Record<DefinitionVerb, Said>>>
  /** What a list says when there is none. */
  readonly none: string
}

/** What a caller must be permitted to do so to a definition of a name. */
export interface DefinitionPermission {
  readonly scope: string
  readonly permission: string
  /** The verb of the permission for each of ours. */
  readonly verbs: Readonly<Record<DefinitionVerb, string>>
}

/**
 * A kind of definition: what users store and Daybook acts on. Declared once, in the file that owns the idea; its store
 * (store.ts), its methods (method/definition.ts), its OpenRPC entries, its subcommands and flags
 * (cli/command/definition.ts) and its types follow.
 *
 * To declare one: a migration makes the table, with a column `id` and one for each field; then
 *
 *     export const thing = defineDefinition({
 *       noun: 'thing',
 *       table: 'thing',
 *       key: 'name',
 *       fields: {
 *         id,
 *         name: given(nameSchema, { fixed: true, listed: { title: 'name' } }),
 *         size: given(z.int().default(1), { flags: [flag('--size <n>', 'else 1', { value: 'number' })] }),
 *         created_time: createdTime,
 *       },
 *       answers: 'shown',
 *       methods: { create: ['thing_create', 'Makes a thing'], list: ['thing_list', 'Shows all things'], … },
 *       command: { name: 'things', summary: 'manage things', verbs: { list: ['list', 'show all things'] }, none: 'no things' },
 *     })
 *     export type Thing = StoredOf<typeof thing>
 *
 * and its line in src/definitions.ts: its methods, its subcommands and its published types are there.
 * A field's name is its name everywhere: on the wire, in the store's objects and in the column, unless its `storage` says
 * otherwise. `given` fields come from clients, `kept` ones from the server, `hidden` ones stay inside, `asked` ones are
 * only said at a creation. A kind that needs more says `isSpecial`: a file in method/ calls `definitionMethods` with its
 * DefinitionRules and adds methods of its own, and one in cli/command/ puts its subcommands together with `addVerb`,
 * `addFlags` and `readFlags`; method/sink.ts and cli/command/sinks.ts are examples.
 * Types: `NewOf` is what a client writes to create one, `ChangeOf` to change it, `ShownOf` what it reads; `StoredOf` is what
 * the server works with.
 */
export interface Definition<F extends Fields = Fields, Table extends string = string> {
  /** What one is called in messages: `sink`. */
  readonly noun: string
  /** What the OpenRPC document calls it; absent: the noun. */
  readonly title?: string
  readonly table: Table
  /** The field by which clients name one; unique, or unique for each owner. */
  readonly key: string
  /** In the order of the wire row. */
  readonly fields: F
  /** The fields that come first where parameters are given by position, before the others in their order. */
  readonly first: readonly string[]
  /** What create and update answer: the definition, or no more than `{id}` and `{success: true}`. */
  readonly answers: 'shown' | 'brief'
  /** Absent verbs have no method, or one of their own. */
  readonly methods: Readonly<Partial<Record<DefinitionVerb, Said>>>
  /** The member of a list's answer. */
  readonly listed: string
  /** Constants that the answers of verbs hold beside what is declared. */
  readonly adds?: Readonly<Partial<Record<DefinitionVerb, Readonly<Record<string, true | number>>>>>
  /** Members of a creation or a change that are dropped: what clients send back of what they have read. */
  readonly tolerated?: readonly string[]
  /** What messages say of one that is not there, and of a key in use; absent: that in words of our own. */
  readonly messages?: { readonly absent: string; readonly exists: string }
  /** The reason of a fault that names one which is not there. */
  readonly absent: ReasonOf<'not_found'>
  /** Where something other than the key is unique too. */
  readonly taken?: { readonly reason: ReasonOf<'conflict'>; readonly path: string; readonly message: string }
  /** Absent: everything is for the super token alone. */
  readonly permission?: DefinitionPermission
  /** Notified of each change. */
  readonly channel?: Channel
  /** What an insertion does where one is there, in SQL; absent: nothing, and the key is a conflict. */
  readonly onConflict?: string
  readonly command?: DefinitionCommand
  /** Its methods and subcommands are put together in files of their own. */
  readonly isSpecial?: true
  /**
   * Each belongs to who made it: keys are unique among those of one owner, and only the owner and the super token may touch
   * it. Needs the field `owner`.
   */
  readonly isOwned?: true
}

type Checked = 'key' | 'first' | 'listed'
interface DefinitionOptions<F extends Fields, Table extends string>
  extends Omit<Definition<F, Table>, Checked> {
  readonly key: keyof F & string
  /** Absent: the key alone. */
  readonly first?: readonly (keyof F & string)[]
  /** Absent: the noun in the plural. */
  readonly listed?: string
}

export function defineDefinition<const F extends Fields, const Table extends string>(
  options: DefinitionOptions<F, Table>,
): Definition<F, Table> {
  return Object.freeze({ first: [options.key], listed: `${options.noun}s`, ...options })
}

type TypesOf<T> = T extends Field<infer Types extends FieldTypes> ? Types : never
type Of<F, Kind extends keyof FieldTypes> = {
  [Name in keyof F as [TypesOf<F[Name]>[Kind]] extends [never] ? never : Name]: TypesOf<F[Name]>[Kind]
}
type OptionalWhereUndefined<T> = {
  [K in keyof T as undefined extends T[K] ? never : K]: T[K]
} & { [K in keyof T as undefined extends T[K] ? K : never]?: T[K] }
type FieldsOf<D> = D extends Definition<infer F> ? F : never

/** What a client writes to create one. */
export type NewOf<D> = OptionalWhereUndefined<Of<FieldsOf<D>, 'input'>>
/** What a client writes to change one, beside its key. */
export type ChangeOf<D> = Partial<Of<FieldsOf<D>, 'change'>>
/** What a client reads of one. */
export type ShownOf<D> = Of<FieldsOf<D>, 'shown'>
/** What a creation gives once it is parsed. */
export type GivenOf<D> = Of<FieldsOf<D>, 'output'>
/** One as the server works with it. */
export type StoredOf<D> = { readonly [K in keyof Of<FieldsOf<D>, 'stored'>]: Of<FieldsOf<D>, 'stored'>[K] }

/** The parameters of a creation beside the credential. */
export function creationShape({ fields, first }: Definition): Record<string, z.ZodType> {
  const names = new Set([...first, ...Object.keys(fields)])
  return shapeOf([...names].map(name => [name, fields[name]?.schema]))
}

/** Those of a change, in the same order; what is left out stays. */
export function changeShape(definition: Definition): Record<string, z.ZodType> {
  const { fields } = definition
  const changing = Object.entries(creationShape(definition)).filter(([name]) => !fields[name]?.isFixed)
  return {
    ...keyShape(definition),
    ...optionalOf(
      Object.fromEntries(changing.map(([name, schema]) => [name, fields[name]?.change ?? schema])),
    ),
  }
}

const ownerParam = z
  .string()
  .optional()
  .describe('Whose it is, as the list says; absent: the caller. Only the super token may name another')

/** The parameters that name one. */
export function keyShape({
  fields,
  key,
  isOwned,
}: Pick<Definition, 'fields' | 'key' | 'isOwned'>): Record<string, z.ZodType> {
  const field = fields[key]
  const named = field?.named ?? field?.schema ?? field?.shown
  return shapeOf([[key, named], ...(isOwned === true ? [['owner', ownerParam] as const] : [])])
}

/** The same kind with fewer fields, for what needs not read the others. */
export function withoutFields<F extends Fields, Table extends string, const Name extends keyof F & string>(
  definition: Definition<F, Table>,
  ...names: readonly Name[]
): Definition<Omit<F, Name>, Table> {
  const left = Object.entries(definition.fields).filter(([name]) => !names.some(each => each === name))
  return Object.freeze({ ...definition, fields: Object.fromEntries(left) as Omit<F, Name> })
}

/** What is shown of one. */
export function shownSchema({ fields, noun, title = noun }: Definition): z.ZodObject {
  const shape = shapeOf(Object.entries(fields).map(([name, { shown }]) => [name, shown]))
  return z.strictObject(shape).meta({ title })
}

function shapeOf(members: readonly (readonly [string, z.ZodType | undefined])[]): Record<string, z.ZodType> {
  return Object.fromEntries(
    members.flatMap(([name, schema]) => (schema === undefined ? [] : [[name, schema] as const])),
  )
}
