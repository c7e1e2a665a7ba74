import type { ServerResponse } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Refusals } from '../audit/refusal.ts'
import { readConditionText } from '../condition/condition-text.ts'
import type { Database } from '../database/database.ts'
import { invalidParams, RpcError } from '../errors.ts'
import { onBehalfOf } from '../fairness/behalf.ts'
import type { Authenticate } from '../method/invoke.ts'
import { parseInput } from '../parse-input.ts'
import { type Identity, nobody } from '../permission/grant.ts'
import { principalOf } from '../permission/origin.ts'
import { resourceNamed } from '../resource/kind/index.ts'
import { planLive } from '../resource/query.ts'
import type { Resource } from '../resource/resource.ts'
import { contextOf } from '../rpc/request-context.ts'
import { changeText, formatSchema, type PushedNote, pushedNote, type StreamFormat } from '../stream/format.ts'
import type { Hub } from '../stream/hub.ts'
import type { Subscriber } from '../stream/subscription.ts'
import type { Ticket, Tickets } from '../stream/ticket.ts'
import { withViews } from '../view/load-views.ts'
import type { Health } from './health.ts'
import { type Asked, addRoute, createOpenAnswers } from './route.ts'

export interface StreamRouteDeps {
  readonly hub: Hub
  readonly database: Pick<Database, 'run'>
  readonly maxConditions: number
  readonly authenticate: Authenticate
  readonly refusals?: Refusals | undefined
  readonly tickets: Pick<Tickets, 'open'>
  /** How deep conditions may nest as JSON. */
  readonly maxDepth: number
  readonly health: Pick<Health, 'isLeaving' | 'isStopping'>
  /** Streams open concurrently on this server. */
  readonly maxStreams: number
}

/** Where changes are streamed as server-sent events. */
export const streamPath = '/stream'

/**
 * `GET /stream?resource=…&condition=[…]&after=…`, or `?ticket=…`: what X_subscribe pushes, as server-sent
 * events (WHATWG HTML, section 9.2). Changes are plain messages, the rest has names. The id of each is its
 * cursor, so that a client that comes back with `Last-Event-ID` misses nothing.
 */
export function addStreamRoute(app: FastifyInstance, deps: StreamRouteDeps): void {
  const open = createOpenAnswers('too_many_streams', deps.maxStreams)
  addRoute(app, deps.health, {
    url: streamPath,
    methods: ['GET'],
    isLong: true,
    refusals: deps.refusals,
    answer(asked) {
      open.add(asked.reply)
      return stream(asked, deps)
    },
  })
}

async function stream(asked: Asked, deps: StreamRouteDeps): Promise<FastifyReply> {
  const { request, reply } = asked
  const { hub, maxConditions } = deps
  const { reauthenticate, ticket, readRequest } = opening(request, deps)
  const caller = await reauthenticate()
  asked.isKnown = true
  asked.caller = caller
  const { resource, condition, format, after, path } = readRequest()
  const query = await withViews(deps.database, { condition }, principalOf(caller))
  const plan = planLive(resource, query, { maxConditions, path: 'condition' })
  const response = reply.raw
  const subscriber = subscriberOf(response, resource, format)
  const subscribing = {
    resource,
    plan,
    caller,
    reauthenticate,
    subscriber,
    ...(ticket && { ticket: ticket.id }),
  }
  const subscribed = await onBehalfOf(caller.tokenKey, () => hub.subscribe(subscribing, after, path))
  // The client may have left in the meantime.
  if (response.destroyed) subscribed.close()
  response.once('close', subscribed.close)
  // Past this point no status can tell of an error.
  reply.hijack()
  for (const [name, value] of Object.entries(reply.getHeaders())) response.setHeader(name, value ?? '')
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    // nginx would hold events back until a buffer is full.
    'x-accel-buffering': 'no',
  })
  response.write('retry: 1000\n')
  subscribed.start()
  return reply
}

/** Who asks, and for what. The caller is checked before the request is read. */
interface StreamOpening {
  reauthenticate(): Promise<Identity>
  readonly ticket?: Ticket
  readRequest(): StreamRequest
}

function opening(
  request: FastifyRequest,
  { hub, authenticate, tickets, maxDepth }: StreamRouteDeps,
): StreamOpening {
  const { bearer } = contextOf(request)
  const query = request.query as Readonly<Record<string, unknown>>
  if (query.ticket === undefined) {
    return { reauthenticate: () => authenticate(bearer), readRequest: () => readQuery(request, maxDepth) }
  }
  if (bearer !== undefined) {
    const message = 'A ticket stands in for the Authorization header'
    throw new RpcError('credential_conflict', message, { path: 'ticket' })
  }
  const [other] = Object.keys(query).filter(name => name !== 'ticket')
  if (other !== undefined)
    throw invalidParams(other, 'the ticket already holds all other parameters', 'unknown_member')
  const last = lastEventId(request)
  const path = 'Last-Event-ID'
  const ticket = tickets.open(String(query.ticket), ({ id, asked }) => {
    if (last === undefined) return false
    // A cursor is bound to its ticket: only a stream of this ticket can have sent it.
    const resource = requireResource(asked.resource)
    return hub.cursors.read({ resource, caller: nobody, ticket: id }, last, path) >= 0
  })
  return {
    reauthenticate: ticket.holder,
    ticket,
    readRequest() {
      const { asked } = ticket
      return { ...asked, resource: requireResource(asked.resource), after: last ?? asked.after, path }
    },
  }
}

interface StreamRequest {
  readonly resource: Resource
  readonly condition: readonly unknown[]
  readonly format: StreamFormat
  readonly after: string | number | undefined
  /** Where that stands. */
  readonly path: string
}

function readQuery(request: FastifyRequest, maxDepth: number): StreamRequest {
  const query = request.query as Readonly<Record<string, unknown>>
  const resource = requireResource(query.resource)
  const schema = z.strictObject({
    resource: z.string(),
    condition: z.string().default('[]'),
    format: formatSchema(resource),
    after: z.string().min(1, 'expected a cursor').optional(),
  })
  const asked = parseInput(schema, query)
  // A browser that comes back still has the `after` it began with.
  const last = lastEventId(request)
  const place =
    last === undefined ? { after: asked.after, path: 'after' } : { after: last, path: 'Last-Event-ID' }
  return { ...asked, ...place, resource, condition: readConditionText(asked.condition, maxDepth) }
}

function requireResource(name: unknown): Resource {
  const resource = resourceNamed(name)
  if (resource !== undefined) return resource
  throw invalidParams('resource', 'expected the name of a resource', 'unknown_resource')
}

function lastEventId({ headers }: FastifyRequest): string | undefined {
  const last = headers['last-event-id']
  return last === undefined || last === '' ? undefined : String(last)
}

function subscriberOf(response: ServerResponse, resource: Resource, format: StreamFormat): Subscriber {
  const note = (pushed: PushedNote): void =>
    void response.write(`id: ${pushed.cursor}\nevent: ${pushed.type}\ndata: ${pushedNote(pushed)}\n\n`)
  return {
    started: cursor => note({ type: 'start', cursor }),
    // Without a name: the browser's onmessage hears it.
    send(change, { cursor }) {
      response.write(`id: ${cursor}\ndata: ${changeText(resource, format, change)}\n\n`)
    },
    heartbeat: cursor => note({ type: 'heartbeat', cursor }),
    ended(end) {
      note({ type: 'end', ...end })
      response.end()
    },
    unread: () => response.writableLength,
    async drained() {
      if (response.writableNeedDrain && !response.destroyed) {
        await new Promise<void>(resolve => {
          response.once('drain', resolve)
          response.once('close', resolve)
        })
      }
    },
  }
}
