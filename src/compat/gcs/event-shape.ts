import { hash } from 'node:crypto'
import { z } from 'zod'
import { parseJson } from '../../json.ts'
import type { ExecutionEventRow } from '../../resource/kind/execution-event.ts'

/** RFC 3339 in UTC, without fractions. */
const timeText = z.string().describe('RFC 3339, e.g. 2018-08-20T06:41:44Z')

/** An event as it is read: every member always present, in the order of GCS. */
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

/** As Kubernetes names events: that of the object they are about, a point and hexadecimal digits. */
const named = /^(.+)\.[0-9a-f]+$/

/** The name of the object that an event of this name is about; the whole name when it has no such end. */
export function objectNameOf(name: string): string {
  return named.exec(name)?.[1] ?? name
}

/** Characters by which a made name is longer than that of its object. */
export const suffixLength = 17

/** A name for an event of the object: the same for the same `members`, so that the same event has one name. */
export function makeEventName(objectName: string, members: readonly (string | null)[]): string {
  return `${objectName}.${hash('sha256', JSON.stringify([objectName, ...members])).slice(0, suffixLength - 1)}`
}
