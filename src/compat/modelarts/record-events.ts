import { z } from 'zod'
import { recordTime } from '../../condition/value.ts'
import { defineMethod, type Method } from '../../method/method.ts'
import { nameSchema } from '../../permission/name.ts'
import { serviceEvent } from '../../resource/kind/service-event.ts'
import type { Records } from '../../resource/records.ts'
import { newRowSchema } from '../../resource/row.ts'
import { oneOrMany, recordedSchema } from '../rest/one-or-many.ts'

/** Any number that JSON can write. */
const time = z.number().transform(Math.floor).pipe(recordTime)

const newEvent = newRowSchema(serviceEvent)
  .omit({ project_id: true, service_id: true })
  .extend({ occur_time: time.optional() })

/** One event, or many as `{"events": […]}`. */
const body = oneOrMany(newEvent, { array: false, member: 'events' })

/** Records events of the service that the path names, as `service-event_append` does. */
export function recordEventsMethod(name: string, records: Records): Method {
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
