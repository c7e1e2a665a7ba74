import type { LogMethodDeps } from '../method/record/record-method.ts'
import { readEventsMethod } from './gcs/read-events.ts'
import { recordEventsMethod } from './gcs/record-events.ts'
import type { RestRoute } from './rest.ts'

/** The events of GCS' executions (seed 003), over the records of execution-event. */
export function gcsRoute(log: LogMethodDeps): RestRoute {
  const path = '/v1/executions/{execution_id}/events'
  return {
    path,
    errorPrefix: 'GCS',
    get: readEventsMethod(`GET ${path}`, log),
    post: recordEventsMethod(`POST ${path}`, log),
  }
}
