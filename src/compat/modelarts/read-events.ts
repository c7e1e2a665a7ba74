import { z } from 'zod'
import { RpcError } from '../../errors.ts'
import { JsonText } from '../../json.ts'
import { defineMethod, type Method } from '../../method/method.ts'
import type { Identity } from '../../permission/grant.ts'
import { serviceEvent } from '../../resource/kind/service-event.ts'
import type { RecordService, Records } from '../../resource/records.ts'
import { countFound, type Found, readFound } from '../../resource/select/found.ts'
import { arrayText } from '../../resource/select/read.ts'
import { readSortedRows } from '../../resource/select/sorted-rows.ts'
import { conditionsOf, type EventQuery, eventQuery, queryOfPages, serviceConditions } from './event-query.ts'

const eventFields = ['event_type', 'event_info', 'occur_time']

export const eventsSchema = z.strictObject({
  service_name: z.string().describe('Of its newest event'),
  total_count: z.int().describe('Events on all pages'),
  service_id: z.string(),
  count: z.int().describe('Events on this page'),
  events: z.array(z.strictObject({ event_type: z.string(), event_info: z.string(), occur_time: z.int() })),
})

/** A page of a service's events; its members come in the order of ShowServiceEvents. */
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

/** Some of the events of a service. */
export interface EventPage {
  /** Of its newest event. */
  readonly serviceName: string
  /** Rows with the fields that were asked for, as JSON texts. */
  readonly events: readonly string[]
  /** Events on all pages. */
  readonly total: number
}

/** Throws RpcError 105 when there is no event of the service, 102 before that. */
export async function readEventPage(
  records: Records,
  fields: readonly string[],
  query: EventQuery,
  caller: Identity,
): Promise<EventPage> {
  const service = records.find(caller, serviceConditions(query))
  const serviceName = await readServiceName(service)
  const { limit, skip, sort_by, order } = query
  // Read where the name was read: a replica may lack the events that the primary has.
  const found: Found = { ...records.find(caller, conditionsOf(query)), walker: service.walker }
  const events = await readSortedRows(found, { fields, sortBy: sort_by, order, limit, offset: skip })
  const seen = skip + events.length
  // A page that is neither full nor empty ends where the events end.
  if (events.length < limit && (events.length > 0 || skip === 0)) return { serviceName, events, total: seen }
  const counted = await countFound(found)
  // Some may have been deleted since the page was read.
  return { serviceName, events, total: events.length === 0 ? counted : Math.max(counted, seen) }
}

async function readServiceName(service: Found): Promise<string> {
  const [newest] = await readFound(service, { order: 'newest', limit: 1, fields: ['service_name'] })
  if (newest !== undefined) return JSON.parse(newest.text).service_name
  throw new RpcError('service_not_found', 'There is no event of this service')
}
