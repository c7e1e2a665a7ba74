import type { EpochMs, OfResource, ResourceName, Typed } from './resources.ts'
import type { wire } from './wire.ts'

type Rule = (typeof wire)['definitions']['retention_rule']

/** Which records a server deletes, and what became of that. */
export type RetentionRule = OfResource<Rule['shown'], ResourceName>

/** What makes a rule; of the conditions, limit and last mean nothing here. */
export type NewRetentionRule = OfResource<Rule['new'], ResourceName>

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
