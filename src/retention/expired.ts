import { not, type Predicate } from '../condition/predicate.ts'
import { timestampOf } from '../condition/value.ts'
import { invalidParams } from '../errors.ts'
import { resourceNamed } from '../resource/kind/index.ts'
import { planFilters } from '../resource/records.ts'
import type { Resource } from '../resource/resource.ts'
import type { RuleDefinition } from './rule.ts'

export interface Expired {
  readonly resource: Resource
  /** What the records fulfil that a rule deletes. */
  readonly predicates: readonly Predicate[]
  /** Whether all records go that are older than `before`, whatever they hold. */
  readonly isWhole: boolean
  /** A timestamp as SQL takes it. */
  readonly before: string
}

export interface ExpiredOptions {
  /** The time that ages are counted back from, epoch milliseconds. */
  readonly now: number
  readonly maxConditions: number
}

/**
 * Which records a rule deletes. Their age is that of the time that orders them; what has none, or is still open, is of no
 * age. Throws RpcError -32602 (`resource`, `query.condition[…]`) and 110 for a rule that cannot be planned.
 */
export function planExpired(
  { resource: name, query, older_than_ms: olderThanMs }: RuleDefinition,
  { now, maxConditions }: ExpiredOptions,
): Expired {
  const resource = resourceNamed(name)
  if (resource === undefined) throw invalidParams('resource', 'there is no such resource', 'unknown_resource')
  const { ordering, finish } = resource
  const { predicates } = planFilters(resource, query, { maxConditions })
  const before = timestampOf(now - olderThanMs)
  const old: Predicate = { type: 'time_to', column: ordering.time, time: before }
  return {
    resource,
    isWhole: predicates.length === 0,
    before,
    predicates: [...predicates, old, ...(finish === undefined ? [] : [not(finish.open)])],
  }
}
