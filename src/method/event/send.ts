import { z } from 'zod'
import type { Database } from '../../database/database.ts'
import { rawStatement } from '../../database/statement.ts'
import { invalidParams } from '../../errors.ts'
import { sendAction } from '../../event/handler/action.ts'
import type { Waiter } from '../../event/run/wait.ts'
import type { SendAnswer, ShownLog } from '../../event/send/event.ts'
import {
  completeEvent,
  type EventRequest,
  eventMembers,
  eventsSchema,
  type GivenEvent,
  maxWait,
} from '../../event/send/event-request.ts'
import type { Sender } from '../../event/send/send.ts'
import { parseJson } from '../../json.ts'
import { type Identity, permits, requirePermission } from '../../permission/grant.ts'
import { eventLog, eventStatuses } from '../../resource/kind/event-log.ts'
import { actionOf } from '../../resource/resource.ts'
import { credentialParam, defineMethod } from '../method.ts'

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
  status: z.enum(eventStatuses),
  attempt: z.int().nullish(),
  result: z.unknown().optional(),
  error_message: z.string().nullable().optional(),
})

const answerSchema = z
  .strictObject({
    request_id: z.string(),
    matched: z.boolean().describe('False when no enabled handler takes the event'),
    event_logs: z
      .array(logSchema)
      .describe(
        'One for each handler; with wait_ms as they are then. To those who may not read its records all but id and status is null',
      ),
  })
  .meta({ title: 'sent event' })

/** `event_send`: sends an event, or up to a hundred, to the handlers that take them. */
export function sendMethod({ database, sender, waiter }: SendDeps) {
  return defineMethod({
    name: 'event_send',
    summary: 'Sends an event, or several as `events`, to the handlers that take it',
    params: {
      token: credentialParam,
      ...eventMembers,
      sender: eventMembers.sender.optional(),
      wait_ms: z
        .int()
        .min(0)
        .max(maxWait)
        .optional()
        .describe('Answers once all runs have ended, after this time at the latest'),
      events: eventsSchema
        .optional()
        .describe(
          'Several, instead of sender, kwargs and node_id: all are sent or none. The other members count for those that do not have their own, the idempotency key for the whole call',
        ),
    },
    result: z.union([answerSchema, z.strictObject({ events: z.array(answerSchema) })]),
    async handle({ params: { events, wait_ms: waitMs, token: _token, ...single }, caller, live }) {
      const requests = events === undefined ? [requestOf(single)] : requestsOf(events, single)
      const several = { path: (i: number) => `events[${i}]`, key: single.idempotency_key }
      const sent = await sender.send(requests, { identity: caller, ...(events && several) })
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

type Single = Omit<GivenEvent, 'sender'> & { sender?: string | undefined }

function requestOf(single: Single): EventRequest {
  const { sender } = single
  if (sender === undefined) throw invalidParams('sender', 'expected a string')
  return completeEvent({ ...single, sender })
}

/** Members that cannot be each event's are told: what was meant would not happen. */
function requestsOf(events: readonly GivenEvent[], single: Single): readonly EventRequest[] {
  const own = (['sender', 'kwargs', 'node_id'] as const).find(name => single[name] !== undefined)
  if (own !== undefined) throw invalidParams(own, 'not together with events')
  const keyed = events.findIndex(event => event.idempotency_key !== undefined)
  if (keyed !== -1 && single.idempotency_key !== undefined) {
    throw invalidParams(`events[${keyed}].idempotency_key`, 'not together with one for the whole call')
  }
  return events.map(event => completeEvent(event, single))
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
