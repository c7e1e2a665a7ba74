import type { z } from 'zod'
import type { ChangeOf, NewOf, ShownOf } from '../definition/definition.ts'
import type { definitions } from '../definitions.ts'
import type { eventMethods } from '../method/event.ts'
import type { taskMethods } from '../method/event-task.ts'
import type { machineMethods } from '../method/machine.ts'
import type { indexMethods } from '../method/table-index.ts'
import type { MonitorStatus } from '../monitor/monitor.ts'
import type { Kind } from '../resource/kind/index.ts'
import type { ResourceField } from '../resource/resource.ts'
import type { NewRowOf, RowOf, ValueOf } from '../resource/row.ts'
import type { Statistics } from '../resource/statistics/statistics.ts'
import type { SinkStatus } from '../sink/sink.ts'

/** The methods whose types follow from their schemas. */
type Served = ReturnType<
  typeof eventMethods | typeof taskMethods | typeof indexMethods | typeof machineMethods
>[number]

type MethodTypes = {
  [M in Served as M['name']]: {
    params: Given<Omit<z.input<M['params']>, 'token'>>
    result: Json<z.output<M['result']>>
  }
}

/** Every kind of record: what is read, what is appended, and the keys and words of its conditions. */
type ResourceTypes = {
  [K in Kind as K['name']]: {
    row: RowOf<K['fields']>
    newRow: K['recorded'] extends 'append' ? NewRowOf<K['fields']> : never
    isKept: K['recorded'] extends 'keep' ? true : false
    isRun: K['finish'] extends object ? true : false
    keys: KeysOf<Exclude<K['fields'][number], { filter: false }>>
    words: K['words'][number]['name']
    /** What `_facet` counts the values of, and `_stats` groups by. */
    facets: Kept<Exclude<K['fields'][number], { filter: false }>, 'name' | 'enum'>['name'] | 'state'
    /** The times by which `_stats` puts records into buckets. */
    times: Kept<K['fields'][number], 'time'>['name']
  }
}

/** What users store, by its table. */
type DefinitionTypes = { [D in (typeof definitions)[number] as D['table']]: TypesOf<D> }

interface TypesOf<D> {
  /** To create one. */
  new: Given<NewOf<D>>
  /** To change one, beside the parameter that names it. */
  change: Given<ChangeOf<D>>
  shown: Json<ShownOf<D>>
}

/** What a value within a payload must be: the path to it, and one operator. */
type JsonPathTest = { readonly path: readonly (string | number)[] } & OneOperator<{
  readonly eq: unknown
  readonly in: readonly unknown[]
  readonly contains: unknown
  readonly exists: boolean
  readonly gt: number | string
  readonly gte: number | string
  readonly lt: number | string
  readonly lte: number | string
}>

type OneOperator<T> = { [K in keyof T]: { readonly [P in K]: T[P] } }[keyof T]

/** The conditions that fields contribute, as `condition/language.ts` makes them. */
type KeysOf<F extends ResourceField> = {
  [E in Kept<F, 'id' | 'integer' | 'enum' | 'name'> as E['name']]: ValueOf<E>
} & { [E in Kept<F, 'id' | 'integer' | 'enum' | 'name'> as `${E['name']}_in`]: readonly ValueOf<E>[] } & {
  [E in Kept<F, 'name'> as `${E['name']}_like`]: string
} & { [E in Kept<F, 'text' | 'json'> as `${E['name']}_contains`]: ValueOf<E> } & {
  [E in Kept<F, 'json'> as `${E['name']}_path`]: JsonPathTest
} & {
  [E in Kept<F, 'time'> as `${E['name']}_from` | `${E['name']}_to`]: number
} & { [E in Kept<F, 'time'> as `${E['name']}_since`]: string } & {
  search: string
} & { [E in Kept<F, 'time'> as `${E['name']}_from_to`]: readonly [number, number] } & ([
    'start_time' | 'finish_time',
  ] extends [Kept<F, 'time'>['name']]
    ? { duration_from: number; duration_to: number }
    : object)

type Kept<F extends ResourceField, Kinds> = F extends { kind: Kinds } ? F : never

/** What a client gives: members that are undefined are not sent. */
type Given<T> = T extends object ? { readonly [K in keyof T]: Given<T[K]> } : T

/** What a client gets: JSON has no undefined. */
type Json<T> = T extends readonly (infer E)[]
  ? readonly Json<E>[]
  : T extends object
    ? { readonly [K in keyof T]: Json<T[K]> }
    : Exclude<T, undefined>

/** The same without the names of types. */
type Plain<T> = T extends object ? { [K in keyof T]: Plain<T[K]> } : T

/**
 * What crosses the wire, as the server declares it. Nothing loads this file. Its value is there for tsc, which repeats a
 * type's name in a published .d.ts but writes the type of a value out: so whoever uses the client needs neither zod nor a
 * file of the server.
 */
export const wire = typed<{
  resources: ResourceTypes
  definitions: DefinitionTypes
  sinkStatus: Json<SinkStatus>
  monitorStatus: Json<MonitorStatus>
  statistics: Json<Statistics>
  methods: MethodTypes
}>()

function typed<T>(): Plain<T> {
  throw new TypeError('this is a type, not a value')
}
