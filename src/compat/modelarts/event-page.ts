import { RpcError } from '../../errors.ts'
import type { Identity } from '../../permission/grant.ts'
import { serviceEvent } from '../../resource/kind/service-event.ts'
import type { ResourceField } from '../../resource/resource.ts'
import { countRows } from '../../resource/select/count.ts'
import { type Reader, readPlacedRows } from '../../resource/select/read.ts'
import { readSortedRows } from '../../resource/select/sorted-rows.ts'
import { fieldsOf, readablePredicates } from '../rest-rows.ts'
import { conditionsOf, type EventQuery, serviceConditions } from './event-query.ts'

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
  reader: Reader,
  fields: readonly ResourceField[],
  query: EventQuery,
  caller: Identity,
): Promise<EventPage> {
  const serviceName = await readServiceName(reader, query, caller)
  const { limit, skip, sort_by, order } = query
  const predicates = readablePredicates(serviceEvent, conditionsOf(query), caller)
  const sorted = { predicates, sortBy: sort_by, order, limit, offset: skip }
  const events = await readSortedRows(reader, fields, sorted)
  const seen = skip + events.length
  // A page that is neither full nor empty ends where the events end.
  if (events.length < limit && (events.length > 0 || skip === 0)) return { serviceName, events, total: seen }
  const counted = await countRows(reader, predicates, undefined)
  // Some may have been deleted since the page was read.
  return { serviceName, events, total: events.length === 0 ? counted : Math.max(counted, seen) }
}

const nameField = fieldsOf(serviceEvent, ['service_name'])

async function readServiceName(reader: Reader, query: EventQuery, caller: Identity): Promise<string> {
  const predicates = readablePredicates(serviceEvent, serviceConditions(query), caller)
  const selection = { segments: [predicates], names: undefined, order: 'newest', limit: 1 } as const
  const [newest] = await readPlacedRows(reader, selection, nameField)
  if (newest !== undefined) return JSON.parse(newest.text).service_name
  throw new RpcError('service_not_found', 'There is no event of this service')
}
