import type { ConditionOf, EpochMs, ResourceName, Typed } from './resources.ts'

/** Which records a server deletes, and what became of that. */
export interface RetentionRule {
  readonly id: number
  readonly resource: ResourceName
  readonly query: { readonly condition: readonly ConditionOf<ResourceName>[] }
  readonly older_than_ms: number
  /** When the last run began. */
  readonly last_run_time: EpochMs | null
  /** What the last run has deleted so far. */
  readonly last_deleted: number | null
  /** Why the last run ended early. */
  readonly last_error: string | null
  /** What all runs have deleted. */
  readonly deleted: number
  readonly created_time: EpochMs
  readonly updated_time: EpochMs
}

/** What makes a rule; of the conditions, limit and last mean nothing here. */
export type NewRetentionRule = Pick<RetentionRule, 'resource' | 'query' | 'older_than_ms'>

/** The methods of retention. */
export interface RetentionMethods {
  readonly retention_set: Typed<NewRetentionRule, { readonly id: number }>
  readonly retention_list: Typed<object, { readonly rules: readonly RetentionRule[] }>
  readonly retention_delete: Typed<{ readonly id: number }, { readonly success: boolean }>
  /** Of a rule that is given, or of one there is. */
  readonly retention_preview: Typed<
    NewRetentionRule | { readonly id: number },
    { readonly would_delete: number; readonly oldest: EpochMs | null }
  >
}
