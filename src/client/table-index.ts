import type { ResourceName } from './resources.ts'

/** An index of a kind of record. */
export interface TableIndex {
  readonly resource: ResourceName
  readonly name: string
  /** What it was added for; null: every installation has it. */
  readonly field: string | null
  /** `invalid`: what made it was interrupted; index_add mends it. */
  readonly state: 'ready' | 'building' | 'invalid'
  readonly definition: string
  readonly bytes: number
  /** How often statements have used it. */
  readonly scans: number
}

/** Of which conditions an index is wanted: those of a field, or `duration`. */
export interface IndexedField {
  readonly resource: ResourceName
  readonly field: string
}

interface Typed<Params, Result> {
  readonly params: Params
  readonly result: Result
}

/** The methods of indexes. */
export interface IndexMethods {
  readonly index_add: Typed<IndexedField, { readonly state: 'ready' | 'building' }>
  readonly index_list: Typed<
    { readonly resource?: ResourceName },
    { readonly indexes: readonly TableIndex[] }
  >
  readonly index_remove: Typed<IndexedField, { readonly success: boolean }>
}
