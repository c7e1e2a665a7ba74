import { z } from 'zod'
import type { Plan } from '../../condition/plan.ts'
import type { Runner } from '../../database/database.ts'
import { invalidParams, RpcError } from '../../errors.ts'
import type { Identity } from '../../permission/grant.ts'
import { eventLog } from '../../resource/kind/event-log.ts'
import type { Verb } from '../../resource/resource.ts'
import { allPredicates, planAccess } from '../../resource/select/access.ts'
import { findIds } from '../../resource/select/find-ids.ts'
import { credentialParam } from '../method.ts'
import { type LogMethodDeps, planQuery, querySchema, writerOf } from '../record/record-method.ts'

/** Records that one call may cancel or replay. */
const maxRows = 10_000

/** The parameters of methods that do something to the records that conditions find. */
export const affectParams = {
  token: credentialParam,
  query: querySchema(eventLog),
  dry_run: z.boolean().default(false).describe('Change nothing, say how many it would be'),
  max_affected: z.int().min(0).optional().describe('Change nothing when more records than this are found'),
}

export interface Affecting {
  readonly query: { readonly condition: readonly unknown[] }
  readonly max_affected?: number | undefined
}

/** Plans the conditions; without any of them, everything would be affected. */
export function planAffected({ query }: Affecting, deps: LogMethodDeps): Plan {
  const plan = planQuery(eventLog, query, deps)
  if (plan.predicates.length > 0 || plan.limit !== undefined) return plan
  throw invalidParams('query.condition', 'expected a condition', 'condition_required')
}

/**
 * The ids of the records found that the caller may do this to, locked. Throws RpcError 102, and 108
 * (`max_affected_exceeded`) when there are too many.
 */
export async function findAffected(
  runner: Runner,
  deps: LogMethodDeps,
  { plan, verb, caller, params }: { plan: Plan; verb: Verb; caller: Identity; params: Affecting },
): Promise<readonly number[]> {
  const predicates = allPredicates(planAccess(eventLog, verb, caller, plan))
  const most = Math.min(params.max_affected ?? maxRows, maxRows)
  const limit = Math.min(plan.limit ?? most + 1, most + 1)
  const ids = await findIds({ ...writerOf(eventLog, deps), runner }, predicates, limit)
  if (ids.length <= most) return ids
  throw new RpcError('max_affected_exceeded', `More than ${most} records were found; none was changed`, {
    path: 'max_affected',
  })
}
