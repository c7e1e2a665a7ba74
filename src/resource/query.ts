import type { Clock } from '../async/clock.ts'
import type { Views } from '../condition/named-view.ts'
import { type Plan, planConditions } from '../condition/plan.ts'
import { invalidParams, RpcError } from '../errors.ts'
import type { Resource } from './resource.ts'

/** What a client asks for. */
export interface Query {
  readonly condition: readonly unknown[]
  /** The views that the conditions name, see withViews; absent: none. */
  readonly views?: Views | undefined
}

export interface QueryOptions {
  readonly maxConditions: number
  /** From its time on `_since` counts back. */
  readonly clock: Clock
  /** Where the conditions stand in the parameters. */
  readonly path?: string
  /** The id of the view whose conditions these are. */
  readonly within?: number
}

/** Plans a query that reads. Throws RpcError -32602 with the path of the fault, as all of these do. */
export function planQuery(resource: Resource, query: Query, options: QueryOptions): Plan {
  return plan(resource, query, options, 'read')
}

/** Plans conditions that choose rows alone, without limit or last. */
export function planFilters(resource: Resource, query: Query, options: QueryOptions): Plan {
  return plan(resource, query, options, 'filter')
}

/** The same for rows that are yet to come: times count back from the moment at which each is matched, see allMatch. */
export function planLive(resource: Resource, query: Query, options: Omit<QueryOptions, 'clock'>): Plan {
  return plan(resource, query, options, 'filter')
}

/** Plans a query that must not find every record. Throws RpcError -32602 (`condition_required`). */
export function planBounded(resource: Resource, query: Query, options: QueryOptions): Plan {
  const planned = planQuery(resource, query, options)
  if (isBounded(planned)) return planned
  throw invalidParams('query.condition', 'expected a condition', 'condition_required')
}

/** Plans a query that deletes. An empty list would empty the table: it needs "all". Throws RpcError 108 (`all_required`). */
export function planRemoval(resource: Resource, query: Query, options: QueryOptions): Plan {
  const planned = plan(resource, query, options, 'remove')
  if (isBounded(planned) || planned.all) return planned
  throw new RpcError('all_required', 'Without any condition, "all" must be given to delete every record', {
    path: 'query.condition',
  })
}

function plan(
  { name, language }: Resource,
  { condition, views }: Query,
  {
    maxConditions,
    path = 'query.condition',
    clock,
    within,
  }: Omit<QueryOptions, 'clock'> & { readonly clock?: Clock },
  use: 'read' | 'filter' | 'remove',
): Plan {
  return planConditions(condition, {
    language,
    path,
    maxConditions,
    ...(views !== undefined && { views: { resource: name, named: views, within } }),
    ...(clock !== undefined && { clock }),
    allowAll: use === 'remove',
    filtersOnly: use === 'filter',
  })
}

function isBounded({ predicates, limit }: Plan): boolean {
  return predicates.length > 0 || limit !== undefined
}
