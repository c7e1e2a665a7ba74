import { sql } from 'kysely'
import { allOf } from '../condition/compile.ts'
import { not, type Predicate } from '../condition/predicate.ts'
import { shapeOf } from '../condition/shape.ts'
import { timestampOf } from '../condition/value.ts'
import { invalidParams } from '../errors.ts'
import { resourceNamed } from '../resource/kind/index.ts'
import { planFilters, type Query } from '../resource/query.ts'
import type { Resource } from '../resource/resource.ts'
import { epochMilliseconds } from '../resource/select/render.ts'
import type { Table } from '../resource/table.ts'
import type { RuleDefinition } from './rule.ts'

export interface Expired {
  readonly resource: Resource
  /** The records that the rule deletes fulfil all of them. */
  readonly predicates: readonly Predicate[]
  /** The rule has no conditions: every record older than `before` goes. */
  readonly isWhole: boolean
  /** A timestamp as SQL takes it. */
  readonly before: string
}

export interface ExpiredOptions {
  /** Ages are counted back from this time, epoch milliseconds. */
  readonly now: number
  readonly maxConditions: number
}

/**
 * Which records a rule deletes. Their age counts from the time that orders them; records without that time, and runs that
 * are still open, never expire. Throws RpcError -32602 (`resource`, `query.condition[…]`) and 110 for a rule that cannot be planned.
 */
export function planExpired(
  {
    resource: name,
    query,
    older_than_ms: olderThanMs,
  }: Omit<RuleDefinition, 'query'> & { readonly query: Query },
  { now, maxConditions }: ExpiredOptions,
): Expired {
  const resource = resourceNamed(name)
  if (resource === undefined) throw invalidParams('resource', 'there is no such resource', 'unknown_resource')
  const { ordering, finish } = resource
  const { predicates } = planFilters(resource, query, { maxConditions, clock: () => now })
  const before = timestampOf(now - olderThanMs)
  const old: Predicate = { type: 'time_to', column: ordering.time, time: before }
  return {
    resource,
    isWhole: predicates.length === 0,
    before,
    predicates: [...predicates, old, ...(finish === undefined ? [] : [not(finish.open)])],
  }
}

export interface Preview {
  readonly count: number
  /** The time of the oldest of them, epoch milliseconds. */
  readonly oldest: number | null
}

/** What a rule would delete now. */
export async function previewExpired(
  { resource, builder, cache, runner }: Table,
  { predicates }: Expired,
): Promise<Preview> {
  const { key, values } = shapeOf(predicates)
  const { time } = resource.ordering
  const statement = cache.get(`${resource.name}|expired|${key}`, () => {
    const found = builder
      .selectFrom(resource.table)
      .where(allOf(predicates))
      .select([sql`count(*)`.as('n'), sql`min(${sql.ref(time)})`.as('oldest')])
    return builder.selectFrom(found.as('f')).select(['n', epochMilliseconds('oldest').as('t')])
  })
  const [count, oldest] = (await runner.run(statement, values)).rows[0] ?? [0, null]
  return { count: Number(count), oldest: oldest === null ? null : Number(oldest) }
}
