import { z } from 'zod'
import type { Plan } from '../../condition/plan.ts'
import { RpcError } from '../../errors.ts'
import type { Resource } from '../../resource/resource.ts'
import { allPredicates, planAccess } from '../../resource/select/access.ts'
import { countRows } from '../../resource/select/count.ts'
import { removeRows } from '../../resource/write/remove.ts'
import { credentialParam, defineMethod, type Method } from '../method.ts'
import { type LogMethodDeps, planQuery, querySchema, writerOf } from './record-method.ts'

/** `X_delete`: deletes exactly what the same conditions find. */
export function deleteMethod(resource: Resource, deps: LogMethodDeps): Method {
  const writer = writerOf(resource, deps)
  return defineMethod({
    name: `${resource.name}_delete`,
    summary: `Deletes the ${resource.summary} that fulfil the conditions`,
    params: {
      token: credentialParam,
      query: querySchema(resource, true),
      dry_run: z.boolean().default(false).describe('Delete nothing, say how many it would be'),
      max_affected: z.int().min(0).optional().describe('Delete nothing when more rows than this are found'),
    },
    result: z.strictObject({
      success: z.literal(true),
      deleted: z.int(),
      condition_count: z.int(),
      would_delete: z.int().optional(),
    }),
    async handle({ params, caller }) {
      const plan = planQuery(resource, params.query, deps, true)
      requireBounds(plan)
      const predicates = allPredicates(planAccess(resource, 'delete', caller, plan))
      const answer = { success: true, deleted: 0, condition_count: plan.conditionCount }
      const { limit } = plan
      const { dry_run: isDryRun, max_affected: maxAffected } = params
      const { found, deleted } = isDryRun
        ? { found: await countRows(writer, predicates, limit), deleted: 0 }
        : await removeRows(writer, { predicates, limit, maxAffected })
      if (maxAffected !== undefined && found > maxAffected) throw tooMany(maxAffected)
      if (isDryRun) return { ...answer, would_delete: found }
      deps.onRows(resource.name, 'deleted', deleted)
      return { ...answer, deleted }
    },
  })
}

// An empty list would empty the table: whoever means that says so.
function requireBounds(plan: Plan): void {
  if (plan.predicates.length > 0 || plan.limit !== undefined || plan.all) return
  throw new RpcError('all_required', 'Without any condition, "all" must be given to delete every record', {
    path: 'query.condition',
  })
}

function tooMany(maxAffected: number): RpcError {
  return new RpcError(
    'max_affected_exceeded',
    `More than ${maxAffected} records were found; none was deleted`,
    { path: 'max_affected' },
  )
}
