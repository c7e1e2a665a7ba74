import { z } from 'zod'
import { recordTime } from '../../condition/value.ts'
import { defineMethod, type Method } from '../../method/method.ts'
import { nameSchema } from '../../permission/name.ts'
import { serviceEvent } from '../../resource/kind/service-event.ts'
import type { RecordService, Records } from '../../resource/records.ts'
import { newRowSchema } from '../../resource/row.ts'
import { restErrors } from '../rest/errors.ts'
import { oneOrMany, recordedSchema } from '../rest/one-or-many.ts'
import type { RestRoute } from '../rest/route.ts'
import { readEventsMethod } from './read-events.ts'
import { readInferEventsMethod } from './read-infer-events.ts'

/** ModelArts ShowServiceEvents, and version 2 as Huawei's SDK asks for it, over the records of service-event. */
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

/** Any number that JSON can write. */
const time = z.number().transform(Math.floor).pipe(recordTime)

const newEvent = newRowSchema(serviceEvent)
  .omit({ project_id: true, service_id: true })
  .extend({ occur_time: time.optional() })

/** One event, or many as `{"events": […]}`. */
const body = oneOrMany(newEvent, { array: false, member: 'events' })

/** Records events of the service that the path names, as `service-event_append` does. */
function recordEventsMethod(name: string, records: Records): Method {
  return defineMethod({
    name,
    summary: 'Records events of a service',
    params: { project_id: nameSchema, service_id: nameSchema, body },
    result: recordedSchema,
    credentialParams: [],
    async handle({ params: { project_id, service_id, body }, caller }) {
      const rows = body.map(event => ({ ...event, project_id, service_id }))
      return records.append(caller, rows)
    },
  })
}
