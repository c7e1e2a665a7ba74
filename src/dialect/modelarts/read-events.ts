import { z } from 'zod'
import { RpcError } from '../../errors.ts'
import { JsonText } from '../../json.ts'
import { type LogMethodDeps, readerOf } from '../../method/log/log-method.ts'
import { defineMethod, type Method } from '../../method/method.ts'
import type { Identity } from '../../permission/grant.ts'
import { countRows } from '../../resource/count.ts'
import { arrayText, type Reader, readPlacedRows } from '../../resource/read.ts'
import { serviceEvent } from '../../resource/service-event.ts'
import { readSortedRows } from '../../resource/sorted-rows.ts'
import { fieldsOf, readablePredicates } from '../rest-rows.ts'
import { conditionsOf, type EventQuery, eventQuerySchema, serviceConditions } from './event-query.ts'

const nameField = fieldsOf(serviceEvent, ['service_name'])
const eventFields = fieldsOf(serviceEvent, ['event_type', 'event_info', 'occur_time'])

/** A page of a service's events; its members come in the order of seed 001. */
export function readEventsMethod(name: string, log: LogMethodDeps): Method {
  const reader = readerOf(serviceEvent, log)
  return defineMethod({
    name,
    summary: 'The events of a service, a page at a time',
    params: eventQuerySchema,
    result: z.object({
      service_name: z.string().describe('Of its newest event'),
      total_count: z.int().describe('Events on all pages'),
      service_id: z.string(),
      count: z.int().describe('Events on this page'),
      events: z.array(z.object({ event_type: z.string(), event_info: z.string(), occur_time: z.int() })),
    }),
    credentialParams: [],
    async handle({ params, caller }) {
      const serviceName = await readServiceName(reader, params, caller)
      const { events, total } = await readPage(reader, params, caller)
      log.onRows(serviceEvent.name, 'returned', events.length)
      return new JsonText(
        `{"service_name":${serviceName},"total_count":${total},"service_id":${JSON.stringify(params.service_id)},` +
          `"count":${events.length},"events":${arrayText(events)}}`,
      )
    },
  })
}

/** As JSON text. Throws RpcError 105 when there is no event of the service, 102 before that. */
async function readServiceName(reader: Reader, query: EventQuery, caller: Identity): Promise<string> {
  const predicates = readablePredicates(serviceEvent, serviceConditions(query), caller)
  const selection = { segments: [predicates], names: undefined, order: 'newest', limit: 1 } as const
  const [newest] = await readPlacedRows(reader, selection, nameField)
  if (newest !== undefined) return JSON.stringify(JSON.parse(newest.text).service_name)
  throw new RpcError('not_found', 'There is no event of this service', { reason: 'service_not_found' })
}

interface Page {
  /** As JSON texts. */
  readonly events: readonly string[]
  readonly total: number
}

async function readPage(reader: Reader, query: EventQuery, caller: Identity): Promise<Page> {
  const { limit, sort_by, order } = query
  const predicates = readablePredicates(serviceEvent, conditionsOf(query), caller)
  const offset = query.offset * limit
  const events = await readSortedRows(reader, eventFields, {
    predicates,
    sortBy: sort_by,
    order,
    limit,
    offset,
  })
  const seen = offset + events.length
  // A page that is neither full nor empty ends where the events end.
  if (events.length < limit && (events.length > 0 || offset === 0)) return { events, total: seen }
  const counted = await countRows(reader, predicates, undefined)
  // Some may have been deleted since the page was read.
  return { events, total: events.length === 0 ? counted : Math.max(counted, seen) }
}
