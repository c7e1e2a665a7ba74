import { z } from 'zod'
import type { Resource } from '../../resource/resource.ts'
import { allPredicates, planAccess } from '../../resource/select/access.ts'
import { countRows } from '../../resource/select/count.ts'
import { credentialParam, defineMethod, type Method } from '../method.ts'
import { type LogMethodDeps, planQuery, querySchema, readerOf } from './record-method.ts'

/** `X_count`: how many rows the conditions find; a limit or last bounds it. */
export function countMethod(resource: Resource, deps: LogMethodDeps): Method {
  const reader = readerOf(resource, deps)
  return defineMethod({
    name: `${resource.name}_count`,
    summary: `How many ${resource.summary} fulfil the conditions`,
    params: { token: credentialParam, query: querySchema(resource) },
    result: z.strictObject({ count: z.int() }),
    async handle({ params, caller }) {
      const plan = planQuery(resource, params.query, deps)
      const predicates = allPredicates(planAccess(resource, 'read', caller, plan))
      return { count: await countRows(reader, predicates, plan.limit) }
    },
  })
}
