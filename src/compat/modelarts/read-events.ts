import { z } from 'zod'
import { JsonText } from '../../json.ts'
import { defineMethod, type Method } from '../../method/method.ts'
import { serviceEvent } from '../../resource/kind/service-event.ts'
import type { RecordService } from '../../resource/records.ts'
import { arrayText } from '../../resource/select/read.ts'
import { readEventPage } from './event-page.ts'
import { eventQuery, queryOfPages } from './event-query.ts'

const eventFields = ['event_type', 'event_info', 'occur_time']

export const eventsSchema = z.strictObject({
  service_name: z.string().describe('Of its newest event'),
  total_count: z.int().describe('Events on all pages'),
  service_id: z.string(),
  count: z.int().describe('Events on this page'),
  events: z.array(z.strictObject({ event_type: z.string(), event_info: z.string(), occur_time: z.int() })),
})

/** A page of a service's events; its members come in the order of seed 001. */
export function readEventsMethod(name: string, service: RecordService): Method {
  const records = service.of(serviceEvent)
  return defineMethod({
    name,
    summary: 'The events of a service, a page at a time',
    params: eventQuery,
    result: eventsSchema,
    credentialParams: [],
    async handle({ params, caller }) {
      const query = queryOfPages(params)
      const { serviceName, events, total } = await readEventPage(records, eventFields, query, caller)
      service.onRows(serviceEvent.name, 'returned', events.length)
      return new JsonText(
        `{"service_name":${JSON.stringify(serviceName)},"total_count":${total},"service_id":${JSON.stringify(params.service_id)},` +
          `"count":${events.length},"events":${arrayText(events)}}`,
      )
    },
  })
}
