import { serviceEvent } from '../../resource/kind/service-event.ts'
import type { RecordService } from '../../resource/records.ts'
import { restErrors } from '../rest/errors.ts'
import type { RestRoute } from '../rest/route.ts'
import { readEventsMethod } from './read-events.ts'
import { readInferEventsMethod } from './read-infer-events.ts'
import { recordEventsMethod } from './record-events.ts'

/** The event log of ModelArts' services (seed 001; version 2 as Huawei's SDK asks for it), over the records of service-event. */
export function modelartsRoutes(service: RecordService): readonly RestRoute[] {
  const records = service.of(serviceEvent)
  const path = '/{project_id}/services/{service_id}/events'
  const errors = restErrors('ModelArts')
  return [
    {
      path: `/v1${path}`,
      errors,
      get: readEventsMethod(`GET /v1${path}`, service),
      post: recordEventsMethod(`POST /v1${path}`, records),
    },
    {
      path: `/v2${path}`,
      errors,
      get: readInferEventsMethod(`GET /v2${path}`, service),
      post: recordEventsMethod(`POST /v2${path}`, records),
    },
  ]
}
