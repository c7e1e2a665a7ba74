import type { Ordering } from '../condition/cursor.ts'
import type { Field } from '../condition/language.ts'
import { defineLanguage, type Language, type Word } from '../condition/language.ts'
import type { Predicate } from '../condition/predicate.ts'
import type { Runner } from '../database/database.ts'
import type { Action, Identity } from '../permission/grant.ts'

/** The members that a client gave of a row it appends. */
export type GivenRow = Readonly<Record<string, unknown>>

/** A field of a resource: what it holds, and where its value comes from when a row is appended. */
export interface ResourceField extends Field {
  readonly summary: string
  /** `generated`: by the database; `required`: by the client; `optional`: `initial` or null where it is absent. */
  readonly append: 'generated' | 'required' | 'optional'
  /** The least value of an `integer`. */
  readonly minimum?: number
  /** The value of an absent member. `now`: epoch milliseconds. */
  readonly initial?: (given: GivenRow, now: number) => unknown
}

/** How `X_finish` ends a record that is still open. */
export interface FinishRule {
  readonly open: Predicate
  /** The column that says how it ended, where there is one. */
  readonly status?: { readonly column: string; readonly success: string; readonly failure: string }
}

/**
 * How a record that is appended again is merged with the one there is: when all other members are equal, `count` is the
 * sum, `first` the earlier and `last` the later time.
 */
export interface MergeRule {
  /** The column that holds the digest of the other members; unique. */
  readonly key: string
  readonly count: string
  readonly first: string
  readonly last: string
  /** The columns that name a record whose source tells of it again and again, changed (see mirrorRows). */
  readonly identity: readonly string[]
}

/** Columns that an append writes although no client gives or sees them. */
export interface Unseen {
  readonly fields: readonly ResourceField[]
  /** Adds their values to the rows that the caller appends. */
  readonly fill: (
    runner: Pick<Runner, 'run'>,
    rows: readonly GivenRow[],
    caller: Identity,
  ) => Promise<readonly GivenRow[]>
}

/**
 * Who records. `append`: clients append rows; `publish`: a method of its own checks and records them; `keep`: the server alone, and
 * no client imports or deletes them either.
 */
export type Recording = 'append' | 'publish' | 'keep'

/** A kind of record. Its methods, conditions, permissions, command line and OpenRPC entries follow from this. */
export interface Resource {
  /** The first half of its methods' names: `js-result`. */
  readonly name: string
  readonly summary: string
  readonly table: string
  /** In the order of the wire row. */
  readonly fields: readonly ResourceField[]
  /** The fields whose values an append writes. */
  readonly appended: readonly ResourceField[]
  readonly ordering: Ordering
  /** The field by which records are permitted. */
  readonly nameField: string
  readonly scope: string
  readonly permission: string
  readonly words: readonly Word[]
  readonly language: Language
  readonly finish: FinishRule | undefined
  readonly merge: MergeRule | undefined
  readonly unseen: Unseen | undefined
  readonly recorded: Recording
  /** The JSON text of another system's shape, of a wire row's. */
  readonly envelope: ((row: string) => string) | undefined
}

export interface ResourceOptions {
  readonly name: string
  readonly summary: string
  readonly table: string
  readonly fields: readonly ResourceField[]
  /** The column that newest first goes by; nulls come last, ties go by the key. */
  readonly newestBy: string
  readonly nameField: string
  readonly scope: string
  readonly permission: string
  readonly words: readonly Word[]
  readonly finish?: FinishRule
  readonly merge?: MergeRule
  readonly unseen?: Unseen
  /** Default: `append`. */
  readonly recorded?: Recording
  readonly envelope?: (row: string) => string
}

/** A resource whose declaration the compiler sees: the types of its rows and conditions follow from it. */
export interface DeclaredResource<Given extends ResourceOptions> extends Resource {
  readonly name: Given['name']
  readonly fields: Given['fields']
  readonly words: Given['words']
  readonly finish: Given extends { readonly finish: FinishRule } ? FinishRule : undefined
  readonly recorded: Given extends { readonly recorded: infer R extends Recording } ? R : 'append'
}

/** Declares a resource. Throws TypeError for a declaration that does not hold together. */
export function defineResource<const Given extends ResourceOptions>(given: Given): DeclaredResource<Given>
export function defineResource(given: ResourceOptions): Resource {
  const { newestBy, finish, merge, unseen, recorded = 'append', envelope, ...options } = given
  const { fields, words, nameField } = options
  const key = fields.find(field => field.kind === 'id')
  const time = fields.find(field => field.name === newestBy && field.kind === 'time')
  if (key === undefined) throw new TypeError(`${options.name}: no field of kind id`)
  if (time === undefined) throw new TypeError(`${options.name}: newestBy is no time field`)
  if (!fields.some(field => field.name === nameField && field.kind === 'name')) {
    throw new TypeError(`${options.name}: nameField is no name field`)
  }
  return Object.freeze({
    ...options,
    appended: [...fields.filter(field => field.append !== 'generated'), ...(unseen?.fields ?? [])],
    ordering: { time: time.name, timeNullable: time.nullable === true, key: key.name },
    language: defineLanguage({ fields, words, nameField }),
    finish,
    merge,
    unseen,
    recorded,
    envelope,
  })
}

export type Verb = 'read' | 'write' | 'delete'

/** What a caller must be permitted to do so to a record of the resource. */
export function actionOf(resource: Resource, verb: Verb): Action {
  return { scope: resource.scope, permission: resource.permission, verb }
}
