import { z } from 'zod'
import type { Database } from '../../database/database.ts'
import { rawStatement } from '../../database/statement.ts'
import { invalidParams } from '../../errors.ts'
import {
  type EventRequest,
  eventMembers,
  eventRequestSchema,
  maxEvents,
  maxWait,
} from '../../event/event-request.ts'
import type { SendAnswer, Sender } from '../../event/send.ts'
import type { Waiter } from '../../event/wait.ts'
import { parseJson } from '../../json.ts'
import { credentialParam, defineMethod, type Method } from '../method.ts'

export interface SendDeps {
  readonly database: Database
  readonly sender: Sender
  readonly waiter: Waiter
}

const logSchema = z.object({
  id: z.int(),
  full_name: z.string(),
  node_id: z.string(),
  status: z.string(),
  attempt: z.int().optional(),
  result: z.unknown().optional(),
  error_message: z.string().nullable().optional(),
})

const answerSchema = z.object({
  request_id: z.string(),
  matched: z.boolean().describe('False when no enabled handler takes the event'),
  event_logs: z.array(logSchema).describe('One for each handler; with wait_ms as they are then'),
})

/** `event_send`: sends an event, or up to a hundred, to the handlers that take them. */
export function sendMethod({ database, sender, waiter }: SendDeps): Method {
  return defineMethod({
    name: 'event_send',
    summary: 'Sends an event to the handlers that take it, or several with events',
    params: z.object({
      token: credentialParam,
      ...eventMembers,
      sender: eventMembers.sender.optional(),
      wait_ms: z
        .int()
        .min(0)
        .max(maxWait)
        .optional()
        .describe('Answer once all have ended, after so long at the latest'),
      events: z
        .array(eventRequestSchema)
        .min(1)
        .max(maxEvents)
        .optional()
        .describe('Several, instead of the members of one: all are sent or none'),
    }),
    result: z.union([answerSchema, z.object({ events: z.array(answerSchema) })]),
    async handle({ params: { events, wait_ms: waitMs, token: _token, ...single }, caller }) {
      const requests = events ?? [requireSender(single)]
      requireOne(events, single)
      const path = events === undefined ? () => '' : (i: number) => `events[${i}]`
      const sent = await sender.send(requests, { identity: caller, path })
      const answers = waitMs === undefined ? sent : await settle(sent, waitMs)
      return events === undefined ? answers[0] : { events: answers }
    },
  })

  async function settle(answers: readonly SendAnswer[], waitMs: number): Promise<readonly unknown[]> {
    const ids = answers.flatMap(answer => answer.event_logs.map(log => log.id))
    await waiter.untilEnded(ids, waitMs)
    const states = await readStates(database, ids)
    return answers.map(answer => ({
      ...answer,
      event_logs: answer.event_logs.map(log => ({ ...log, ...states.get(log.id) })),
    }))
  }
}

type Single = Omit<EventRequest, 'sender'> & { sender?: string | undefined }

function requireSender(single: Single): EventRequest {
  const { sender } = single
  if (sender === undefined) throw invalidParams('sender', 'expected a string')
  return { ...single, sender }
}

/** Members that would be ignored are told: an event that was meant would not be sent. */
function requireOne(events: unknown, { sender, kwargs }: Single): void {
  if (events === undefined || (sender === undefined && kwargs === undefined)) return
  throw invalidParams('events', 'expected either events or the members of one event')
}

const read = rawStatement(
  `select id, status, attempt, result::text, error_message from event_log where id = any($1::bigint[])`,
)

async function readStates(database: Database, ids: readonly number[]): Promise<ReadonlyMap<number, object>> {
  const { rows } = await database.run(read, [ids])
  return new Map(
    rows.map(([id, status, attempt, result, message]) => [
      Number(id),
      {
        status,
        attempt: Number(attempt),
        result: result === null ? null : parseJson(String(result)),
        error_message: message,
      },
    ]),
  )
}
