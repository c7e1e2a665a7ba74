import type { LogMethodDeps } from '../method/record/record-method.ts'
import { readEventsMethod } from './modelarts/read-events.ts'
import { readInferEventsMethod } from './modelarts/read-infer-events.ts'
import { recordEventsMethod } from './modelarts/record-events.ts'
import type { RestRoute } from './rest.ts'
import type { CallMethod } from './rest-record.ts'

/** The event log of ModelArts' services (seed 001; version 2 as Huawei's SDK asks for it), over the records of service-event. */
export function modelartsRoutes(log: LogMethodDeps, call: CallMethod): readonly RestRoute[] {
  const path = '/{project_id}/services/{service_id}/events'
  const errorPrefix = 'ModelArts'
  return [
    {
      path: `/v1${path}`,
      errorPrefix,
      get: readEventsMethod(`GET /v1${path}`, log),
      post: recordEventsMethod(`POST /v1${path}`, call),
    },
    {
      path: `/v2${path}`,
      errorPrefix,
      get: readInferEventsMethod(`GET /v2${path}`, log),
      post: recordEventsMethod(`POST /v2${path}`, call),
    },
  ]
}
