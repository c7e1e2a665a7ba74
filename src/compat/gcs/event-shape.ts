import { z } from 'zod'
import { parseJson } from '../../json.ts'
import type { ExecutionEventRow } from '../../resource/kind/execution-event.ts'
import { objectNameOf } from './event-name.ts'

/** RFC 3339 in UTC, without fractions. */
const timeText = z.string().describe('RFC 3339, e.g. 2018-08-20T06:41:44Z')

/** An event as it is read: every member always present, in the order of seed 003. */
export const eventSchema = z.strictObject({
  metadata: z.strictObject({ name: z.string(), namespace: z.string() }),
  involvedObject: z.strictObject({ name: z.string(), namespace: z.string() }),
  reason: z.string(),
  message: z.string(),
  firstTimestamp: timeText,
  lastTimestamp: timeText,
  count: z.int(),
  type: z.string(),
  elemType: z.string().nullable(),
  elemId: z.string().nullable(),
  actionName: z.string().nullable(),
})

/** Turns a wire row, as Postgres rendered it, into an event. */
export function eventOf(text: string): object {
  // A count that a double cannot hold keeps its digits.
  const row = parseJson(text) as Omit<ExecutionEventRow, 'id' | 'execution_id'>
  const { name, namespace, object_name, reason, message, count, type } = row
  return {
    metadata: { name, namespace },
    involvedObject: { name: object_name ?? objectNameOf(name), namespace },
    reason,
    message,
    firstTimestamp: secondOf(row.first_timestamp),
    lastTimestamp: secondOf(row.last_timestamp),
    count,
    type,
    elemType: row.elem_type,
    elemId: row.elem_id,
    actionName: row.action_name,
  }
}

function secondOf(time: number): string {
  return `${new Date(time).toISOString().slice(0, -'.000Z'.length)}Z`
}
