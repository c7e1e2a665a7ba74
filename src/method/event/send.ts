import { z } from 'zod'
import type { Database } from '../../database/database.ts'
import { rawStatement } from '../../database/statement.ts'
import { invalidParams } from '../../errors.ts'
import { sendAction } from '../../event/action.ts'
import {
  type EventRequest,
  eventMembers,
  eventRequestSchema,
  maxEvents,
  maxWait,
} from '../../event/event-request.ts'
import type { SendAnswer, Sender, ShownLog } from '../../event/send.ts'
import type { Waiter } from '../../event/wait.ts'
import { parseJson } from '../../json.ts'
import { type Identity, permits, requirePermission } from '../../permission/grant.ts'
import { eventLog } from '../../resource/event-log.ts'
import { actionOf } from '../../resource/resource.ts'
import { credentialParam, defineMethod, type Method } from '../method.ts'

export interface SendDeps {
  readonly database: Database
  readonly sender: Sender
  readonly waiter: Waiter
}

const readAction = actionOf(eventLog, 'read')

const logSchema = z.strictObject({
  id: z.int(),
  full_name: z.string().nullable(),
  node_id: z.string().nullable(),
  status: z.string(),
  attempt: z.int().nullish(),
  result: z.unknown().optional(),
  error_message: z.string().nullable().optional(),
})

const answerSchema = z.strictObject({
  request_id: z.string(),
  matched: z.boolean().describe('False when no enabled handler takes the event'),
  event_logs: z
    .array(logSchema)
    .describe(
      'One for each handler; with wait_ms as they are then. To those who may not read its records all but id and status is null',
    ),
})

/** `event_send`: sends an event, or up to a hundred, to the handlers that take them. */
export function sendMethod({ database, sender, waiter }: SendDeps): Method {
  return defineMethod({
    name: 'event_send',
    summary: 'Sends an event to the handlers that take it, or several with events',
    params: {
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
    },
    result: z.union([answerSchema, z.strictObject({ events: z.array(answerSchema) })]),
    async handle({ params: { events, wait_ms: waitMs, token: _token, ...single }, caller, live }) {
      const requests = events ?? [requireSender(single)]
      requireOne(events, single)
      const path = events === undefined ? () => '' : (i: number) => `events[${i}]`
      const sent = await sender.send(requests, { identity: caller, path })
      if (waitMs !== undefined) {
        const ids = sent.flatMap(answer => answer.event_logs.map(log => log.id))
        const check = (now: Identity): void => {
          for (const request of requests) requirePermission(now, sendAction, request.sender)
        }
        await live.during(check, ended => waiter.untilEnded(ids, waitMs, ended))
      }
      const answers = waitMs === undefined ? sent : await readAnswers(sent, await live.now())
      return events === undefined ? answers[0] : { events: answers }
    },
  })

  /** The answers as they are by now, of what the caller may read by now. */
  async function readAnswers(
    answers: readonly SendAnswer<ShownLog>[],
    caller: Identity,
  ): Promise<readonly unknown[]> {
    const ids = answers.flatMap(answer => answer.event_logs.map(log => log.id))
    const states = await readStates(database, ids)
    return answers.map(answer => ({
      ...answer,
      event_logs: answer.event_logs.map(log => stateFor(caller, log, states.get(log.id))),
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

interface State {
  readonly fullName: string
  readonly status: unknown
  readonly outcome: object
}

const hidden = { full_name: null, node_id: null, attempt: null, result: null, error_message: null }

/** The record may have been deleted meanwhile: then it is shown as it was. */
function stateFor(caller: Identity, log: ShownLog, state: State | undefined): object {
  const name = state?.fullName ?? log.full_name
  if (name === null || !permits(caller, readAction, name)) {
    return { ...log, ...hidden, status: state?.status ?? log.status }
  }
  return state === undefined ? log : { ...log, full_name: name, status: state.status, ...state.outcome }
}

const read = rawStatement(
  `select id, full_name, node_id, status, attempt, result::text, error_message
   from event_log where id = any($1::bigint[])`,
)

async function readStates(database: Database, ids: readonly number[]): Promise<ReadonlyMap<number, State>> {
  const { rows } = await database.run(read, [ids])
  return new Map(
    rows.map(([id, fullName, node_id, status, attempt, result, message]) => [
      Number(id),
      {
        fullName: String(fullName),
        status,
        outcome: {
          node_id,
          attempt: Number(attempt),
          result: result === null ? null : parseJson(String(result)),
          error_message: message,
        },
      },
    ]),
  )
}
