import type { LogMethodDeps } from '../method/log/log-method.ts'
import { readEventsMethod } from './modelarts/read-events.ts'
import { recordEventsMethod } from './modelarts/record-events.ts'
import type { RestRoute } from './rest.ts'
import type { CallMethod } from './rest-record.ts'

/** The event log of ModelArts' services (seed 001), over the records of service-event. */
export function modelartsRoute(log: LogMethodDeps, call: CallMethod): RestRoute {
  const path = '/v1/{project_id}/services/{service_id}/events'
  return {
    path,
    errorPrefix: 'ModelArts',
    get: readEventsMethod(`GET ${path}`, log),
    post: recordEventsMethod(`POST ${path}`, call),
  }
}
