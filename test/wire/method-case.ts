import type { Wire } from './support/wire.ts'

export type Params = Readonly<Record<string, unknown>>

/** How one method is called: rightly, wrongly, and by whom. */
export interface MethodCase {
  readonly method: string
  /** `public`: nobody is asked who they are; `own`: any token; `limits`: a token that may; `owner`: whose it is; `super`: the super token. */
  readonly access: 'public' | 'own' | 'limits' | 'owner' | 'super'
  /** HTTP, unless it is said to be of use only over a WebSocket. */
  readonly over?: 'WebSocket'
  /** Parameters of a call that succeeds, each time. */
  readonly params: (wire: Wire) => Promise<Params> | Params
  /** What its result must match; of a method that refuses everybody, left out. */
  readonly result?: unknown
  /** The reason, 102, why it is refused even to those who may do everything. */
  readonly refused?: string
  /** What makes the call fail when it is put over those parameters (undefined: left out), and the path of the fault. */
  readonly malformed: readonly (readonly [change: Params, path: string, code?: number])[]
}

/** What is wrong with the conditions of a method that takes some. */
export const badQueries: MethodCase['malformed'] = [
  [{ query: undefined }, 'query'],
  [{ query: 'last' }, 'query'],
  [{ query: { condition: 'last' } }, 'query.condition'],
  [{ query: { condition: [{ nope: 1 }] } }, 'query.condition[0].nope'],
]
