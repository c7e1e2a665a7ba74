/** An object with exactly one of the members of `T`. */
type OneMember<T> = { readonly [K in keyof T]: { readonly [P in K]: T[P] } }[keyof T]

/** What of a resource can be asked for: the types behind its conditions. */
export interface Askable {
  /** The keys that are compared for equality, and their values. */
  readonly equal: object
  /** Of those, the ones that a pattern can match. */
  readonly names: string
  /** The times a range can be asked of. */
  readonly times: string
  /** The texts and payloads that can be asked what they contain, and with what. */
  readonly contents: object
  /** Conditions of one word beside `last` and `all`. */
  readonly words: string
}

type Equal<A extends Askable> = A['equal'] & {
  [K in keyof A['equal'] & string as `${K}_in`]: readonly A['equal'][K][]
}
type Like<A extends Askable> = { [K in A['names'] as `${K}_like`]: string }
type Times<A extends Askable> = { [K in A['times'] as `${K}_from` | `${K}_to`]: number } & {
  [K in A['times'] as `${K}_from_to`]: readonly [number, number]
}
type Contains<A extends Askable> = {
  [K in keyof A['contents'] & string as `${K}_contains`]: A['contents'][K]
}
/** Of what has a start and a finish. */
type Duration<A extends Askable> = ['start_time' | 'finish_time'] extends [A['times']]
  ? { duration_from: number; duration_to: number }
  : object
interface Nested<A extends Askable> {
  or: readonly Condition<A>[]
  and: readonly Condition<A>[]
  not: Condition<A>
}

/**
 * One element of a condition array, e.g. `{ js_worker_name: 'demo_worker' }`, `'is_failure'`, `{ limit: 10 }`.
 * Times are epoch milliseconds. `all` counts only in a delete.
 */
export type Condition<A extends Askable> =
  | A['words']
  | 'last'
  | 'all'
  | OneMember<Equal<A> & Like<A> & Times<A> & Contains<A> & Duration<A> & { limit: number }>
  | OneMember<Nested<A>>
