import { z } from 'zod'
import type { SendAnswer, ShownLog } from '../../event/send/event.ts'
import type { Sender } from '../../event/send/send.ts'
import { isExactNumber } from '../../json.ts'
import { credentialParam, defineMethod, type Method } from '../../method/method.ts'
import { nameSchema } from '../../permission/name.ts'
import { defaultEventType } from '../../resource/kind/event-log.ts'

const dict = z
  .unknown()
  .refine(isDict, 'expected an object')
  .meta({ type: 'object', description: 'The arguments of the event' })

/** `sendEvent`: sends an event to the handlers that take it, and does not wait for them. */
export function sendEventMethod(name: string, sender: Sender): Method {
  return defineMethod({
    name,
    summary: 'Sends an event to the handlers that take it',
    params: {
      sender: nameSchema.describe('Who sends it'),
      kwargs: dict,
      eventType: nameSchema.nullish().describe(`Its type; ${defaultEventType} by default`),
      token: credentialParam,
    },
    result: z.strictObject({
      requestId: z.string().describe('For getEventLogByRequestId'),
      matched: z.boolean().describe('False when no enabled handler takes the event'),
      eventLogs: z
        .array(
          z.strictObject({
            id: z.int(),
            fullName: z.string().nullable(),
            nodeId: z.string().nullable(),
            status: z.string(),
          }),
        )
        .describe('One for each handler; name and node are null if you may not read its records'),
    }),
    async handle({ params, caller }) {
      const request = {
        sender: params.sender,
        kwargs: params.kwargs,
        event_type: params.eventType ?? defaultEventType,
        delay_ms: 0,
      }
      const answers = await sender.send([request], { identity: caller })
      return answers.map(inCamelCase)[0]
    },
  })
}

function isDict(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isExactNumber(value)
}

function inCamelCase({ request_id, matched, event_logs }: SendAnswer<ShownLog>): object {
  return {
    requestId: request_id,
    matched,
    eventLogs: event_logs.map(({ id, full_name, node_id, status }) => ({
      id,
      fullName: full_name,
      nodeId: node_id,
      status,
    })),
  }
}
