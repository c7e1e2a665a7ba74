import type { LogMethodDeps } from '../method/record/record-method.ts'
import { gcsRoute } from './gcs.ts'
import { modelartsRoutes } from './modelarts.ts'
import type { RestRoute } from './rest.ts'
import type { CallMethod } from './rest-record.ts'

/** The REST surfaces of the seeds; `call` is what records go through, so that there is one way in. */
export function restRoutes(log: LogMethodDeps, call: CallMethod): readonly RestRoute[] {
  return [...modelartsRoutes(log, call), gcsRoute(log)]
}
