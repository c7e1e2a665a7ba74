import { z } from 'zod'
import { parseInput } from '../parse-input.ts'
import { nameSchema } from '../permission/name.ts'
import { defaultEventType } from '../resource/event-log.ts'

/** The longest that an event may be put off: a year, in milliseconds. */
const maxDelay = 365 * 24 * 60 * 60 * 1000

/** The longest that a call waits for what it set off, in milliseconds. */
export const maxWait = 60_000

/** The members of an event as clients and scripts send it. */
export const eventMembers = {
  sender: nameSchema.describe('Who sends it'),
  kwargs: z.unknown().optional().describe('Its arguments, any JSON'),
  event_type: nameSchema.default(defaultEventType).describe('Its type'),
  request_id: nameSchema.optional().describe('The chain it belongs to; absent: a new one'),
  node_id: nameSchema.optional().describe('Its place in the chain; absent: a new one for each handler'),
  parent_node_id: nameSchema.optional().describe('The place in the chain that set it off'),
  idempotency_key: nameSchema.optional().describe('The same request with the same key is carried out once'),
  delay_ms: z.int().min(0).max(maxDelay).default(0).describe('How long its handlers wait'),
}

export const eventRequestSchema = z.strictObject(eventMembers)

/** An event as a client or a script asks for it, checked. */
export type EventRequest = z.output<typeof eventRequestSchema>

/** Events sent in one call. */
export const maxEvents = 100

const requestsSchema = z.array(eventRequestSchema).min(1).max(maxEvents)

/** Reads what a script sends: an event, or a list of them. Throws RpcError -32602 with the path of the fault. */
export function readEventRequests(given: unknown): readonly EventRequest[] {
  if (Array.isArray(given)) return parseInput(requestsSchema, given)
  return [parseInput(eventRequestSchema, given)]
}
