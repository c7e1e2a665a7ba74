import { z } from 'zod'
import { parseInput } from '../../parse-input.ts'
import { nameSchema } from '../../permission/name.ts'
import { defaultEventType } from '../../resource/kind/event-log.ts'

/** The longest that an event may be put off: a year, in milliseconds. */
const maxDelay = 365 * 24 * 60 * 60 * 1000

/** The longest that a call waits for what it set off, in milliseconds. */
export const maxWait = 60_000

/** The members of an event as clients and scripts send it; `completeEvent` knows what stands for those that are left out. */
export const eventMembers = {
  sender: nameSchema.describe('Who sends it'),
  kwargs: z.unknown().optional().describe('Its arguments'),
  event_type: nameSchema.optional().meta({ description: 'Its type', default: defaultEventType }),
  request_id: nameSchema.optional().describe('The chain it belongs to; absent: a new one'),
  node_id: nameSchema.optional().describe('Its node in the chain; absent: a new one for each handler'),
  parent_node_id: nameSchema.optional().describe('The node of the chain that set it off'),
  idempotency_key: nameSchema.optional().describe('The same request with the same key is carried out once'),
  delay_ms: z
    .int()
    .min(0)
    .max(maxDelay)
    .optional()
    .meta({ description: 'How long its handlers wait', default: 0 }),
}

export const eventSchema = z.strictObject(eventMembers)

/** An event as it was given, checked. */
export type GivenEvent = z.output<typeof eventSchema>

/** An event that a client or a script asks for. */
export interface EventRequest extends GivenEvent {
  readonly kwargs: unknown
  readonly event_type: string
  readonly delay_ms: number
}

/** What a call says for all of its events that do not say it themselves. */
export type SharedMembers = Pick<GivenEvent, 'event_type' | 'request_id' | 'parent_node_id' | 'delay_ms'>

export function completeEvent(given: GivenEvent, shared: SharedMembers = {}): EventRequest {
  return {
    ...given,
    kwargs: given.kwargs ?? null,
    event_type: given.event_type ?? shared.event_type ?? defaultEventType,
    request_id: given.request_id ?? shared.request_id,
    parent_node_id: given.parent_node_id ?? shared.parent_node_id,
    delay_ms: given.delay_ms ?? shared.delay_ms ?? 0,
  }
}

/** Events sent in one call. */
const maxEvents = 100

export const eventsSchema = z.array(eventSchema).min(1).max(maxEvents)

/** Reads what a script sends: an event, or a list of them. Throws RpcError -32602 with the path of the fault. */
export function readEventRequests(given: unknown): readonly EventRequest[] {
  const events = Array.isArray(given) ? parseInput(eventsSchema, given) : [parseInput(eventSchema, given)]
  return events.map(event => completeEvent(event))
}
