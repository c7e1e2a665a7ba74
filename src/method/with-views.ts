import { namesView } from '../condition/named-view.ts'
import type { Database } from '../database/database.ts'
import { principalOf } from '../permission/origin.ts'
import type { Query } from '../resource/query.ts'
import { withViews } from '../view/load-views.ts'
import type { Method } from './method.ts'

/** The method with the views that its parameter `query` names, if it has one: every verb of records, and what keeps queries. */
export function readingViews(method: Method, database: Pick<Database, 'run'>): Method {
  if (!Object.hasOwn(method.params.shape, 'query')) return method
  return {
    ...method,
    handle(call) {
      const { params, caller } = call
      const query = queryOf(params)
      if (query === undefined || caller === undefined || !namesView(query.condition))
        return method.handle(call)
      return withViews(database, query, principalOf(caller)).then(known =>
        method.handle({ ...call, params: { ...Object(params), query: known } }),
      )
    },
  }
}

/** Other systems' methods may call something else a query. */
function queryOf(params: unknown): Query | undefined {
  const { query }: { readonly query?: Query } = Object(params)
  return Array.isArray(query?.condition) ? query : undefined
}
