import { z } from 'zod'
import type { Resource } from '../../resource/resource.ts'
import { rowSchema } from '../../resource/row.ts'
import { planAccess } from '../../resource/select/access.ts'
import { selectPermitted } from '../../resource/select/names.ts'
import { readArray } from '../../resource/select/read.ts'
import { credentialParam, defineMethod, type Method } from '../method.ts'
import { type LogMethodDeps, planQuery, querySchema, readerOf } from './record-method.ts'

/** What a query without limit or last returns at most. */
const defaultLimit = 1000

/** `X_query`: the rows that fulfil the conditions, newest first, as an array. */
export function queryMethod(resource: Resource, deps: LogMethodDeps): Method {
  const reader = readerOf(resource, deps)
  return defineMethod({
    name: `${resource.name}_query`,
    summary: `The ${resource.summary} that fulfil the conditions, newest first`,
    params: { token: credentialParam, query: querySchema(resource) },
    result: z.array(rowSchema(resource)),
    async handle({ params, caller }) {
      const plan = planQuery(resource, params.query, deps)
      const access = planAccess(resource, 'read', caller, plan)
      const limit = plan.limit ?? defaultLimit
      if (limit === 0) return []
      const { predicates, names } = await selectPermitted(reader, access)
      const selection = { segments: [predicates], names, order: 'newest', limit } as const
      const { json, count } = await readArray(reader, selection)
      deps.onRows(resource.name, 'returned', count)
      return json
    },
  })
}
