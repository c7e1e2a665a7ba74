import type { wire } from './wire.ts'

type Kinds = (typeof wire)['resources']

/** Milliseconds since 1970-01-01T00:00:00Z. */
export type EpochMs = number

export type ResourceName = keyof Kinds
/** The resources whose records are appended; the server or a method of its own records the others. */
export type AppendedName = {
  [R in ResourceName]: [Kinds[R]['newRow']] extends [never] ? never : R
}[ResourceName]
/** The resources whose records can be imported. */
export type ImportedName = {
  [R in ResourceName]: Kinds[R]['isKept'] extends true ? never : R
}[ResourceName]
/** The resources whose records are runs, which can be ended. */
export type RunName = { [R in ResourceName]: Kinds[R]['isRun'] extends true ? R : never }[ResourceName]

/** A record as it is read. */
export type Row<R extends ResourceName> = Kinds[R]['row']
/** What a page can show of a record beside its fields; null where it does not apply. */
export interface MadeMembers {
  state: 'success' | 'failure' | 'running' | 'waiting' | null
  duration_ms: number | null
  /** At most 300 characters. */
  error_first_line: string | null
}
/** All that a page can show of a record. */
export type ShownRow<R extends ResourceName> = Row<R> & MadeMembers
/** The fields whose values can be counted: names, what has few values, and `state`. */
export type FacetField<R extends ResourceName> = Kinds[R]['facets']
/** The times of a record. */
export type TimeField<R extends ResourceName> = Kinds[R]['times']
/** A record as it is appended. */
export type NewRow<R extends AppendedName> = Kinds[R]['newRow']
/**
 * An element of a condition array, e.g. `{ js_worker_name: 'demo_worker' }`, `'is_failure'`, `{ limit: 10 }`.
 * Times are epoch milliseconds. `all` counts only in a delete.
 */
export type ConditionOf<R extends ResourceName> = {
  [K in R]: Condition<Kinds[K]['keys'], Kinds[K]['words']>
}[R]

type Condition<Keys, Words> =
  | Words
  | 'last'
  | 'all'
  | OneMember<Keys & { readonly limit: number }>
  | OneMember<Nested<Keys, Words>>

interface Nested<Keys, Words> {
  readonly or: readonly Condition<Keys, Words>[]
  readonly and: readonly Condition<Keys, Words>[]
  readonly not: Condition<Keys, Words>
  /** The name of a view of the resource. */
  readonly view: string
}

/** An object with exactly one of the members of `T`. */
export type OneMember<T> = { readonly [K in keyof T]: { readonly [P in K]: T[P] } }[keyof T]

export type JsResultRow = Row<'js-result'>
export type EventLogRow = Row<'event-log'>
export type ServiceEventRow = Row<'service-event'>
export type ExecutionEventRow = Row<'execution-event'>
export type ChangeEventRow = Row<'change-event'>
export type AuditLogRow = Row<'audit-log'>

export type NewJsResultRow = NewRow<'js-result'>
export type NewEventLogRow = NewRow<'event-log'>
export type NewServiceEventRow = NewRow<'service-event'>
export type NewExecutionEventRow = NewRow<'execution-event'>

export type JsResultCondition = ConditionOf<'js-result'>
export type EventLogCondition = ConditionOf<'event-log'>
export type ServiceEventCondition = ConditionOf<'service-event'>
export type ExecutionEventCondition = ConditionOf<'execution-event'>
export type ChangeEventCondition = ConditionOf<'change-event'>
export type AuditLogCondition = ConditionOf<'audit-log'>

/** The parameters and the result of a method. */
export interface Typed<Params, Result> {
  readonly params: Params
  readonly result: Result
}

/** A definition about the records of a resource: the types of its conditions are the resource's. */
export type OfResource<Definition, R extends ResourceName> = Omit<Definition, 'resource' | 'query'> & {
  readonly resource: R
  readonly query: { readonly condition: readonly ConditionOf<R>[] }
}
