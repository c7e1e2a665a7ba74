import { RpcError } from '../../errors.ts'
import type { Identity } from '../../permission/grant.ts'
import type { Records } from '../../resource/records.ts'
import { countFound, readFound } from '../../resource/select/found.ts'
import { readSortedRows } from '../../resource/select/sorted-rows.ts'
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
  records: Records,
  fields: readonly string[],
  query: EventQuery,
  caller: Identity,
): Promise<EventPage> {
  const serviceName = await readServiceName(records, query, caller)
  const { limit, skip, sort_by, order } = query
  const found = records.find(caller, conditionsOf(query))
  const events = await readSortedRows(found, { fields, sortBy: sort_by, order, limit, offset: skip })
  const seen = skip + events.length
  // A page that is neither full nor empty ends where the events end.
  if (events.length < limit && (events.length > 0 || skip === 0)) return { serviceName, events, total: seen }
  const counted = await countFound(found)
  // Some may have been deleted since the page was read.
  return { serviceName, events, total: events.length === 0 ? counted : Math.max(counted, seen) }
}

async function readServiceName(records: Records, query: EventQuery, caller: Identity): Promise<string> {
  const found = records.find(caller, serviceConditions(query))
  const [newest] = await readFound(found, { order: 'newest', limit: 1, fields: ['service_name'] })
  if (newest !== undefined) return JSON.parse(newest.text).service_name
  throw new RpcError('service_not_found', 'There is no event of this service')
}
