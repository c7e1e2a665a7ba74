import type { ServerResponse } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { invalidParams, RpcError } from '../errors.ts'
import { parseJson } from '../json.ts'
import type { Authenticate } from '../method/invoke.ts'
import { type LogMethodDeps, planFilters } from '../method/log/log-method.ts'
import { parseInput } from '../parse-input.ts'
import { resources } from '../resource/index.ts'
import type { Resource } from '../resource/resource.ts'
import { changeText, formatSchema, type StreamFormat } from '../stream/format.ts'
import type { Hub } from '../stream/hub.ts'
import type { Subscriber } from '../stream/subscription.ts'
import type { Health } from './health.ts'
import { refuse, sendFault } from './http-refusal.ts'
import { contextOf } from './request-context.ts'

export interface StreamRouteDeps {
  readonly hub: Hub
  readonly log: Pick<LogMethodDeps, 'maxConditions'>
  readonly authenticate: Authenticate
  readonly health: Pick<Health, 'isStopping'>
  /** Streams that are open at once on this server. */
  readonly maxStreams: number
}

/** Where changes are streamed as server-sent events. */
export const streamPath = '/stream'

const otherMethods = ['HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

const sequence = z
  .string()
  .regex(/^\d{1,15}$/, 'expected a whole number from 0')
  .transform(Number)

/**
 * `GET /stream?resource=…&condition=[…]&after=…`: what X_subscribe pushes, as server-sent events (WHATWG HTML, section 9.2).
 * The id of each is its sequence number, so that a client that comes back with `Last-Event-ID` misses nothing.
 */
export function addStreamRoute(app: FastifyInstance, deps: StreamRouteDeps): void {
  let open = 0
  app.get(streamPath, { exposeHeadRoute: false }, async (request, reply) => {
    if (deps.health.isStopping) return refuse(reply.header('connection', 'close'), 'stopping')
    if (open >= deps.maxStreams) return sendFault(reply, tooMany(deps.maxStreams), false)
    open++
    reply.raw.once('close', () => open--)
    const asked: Asked = { request, reply, isKnown: false }
    try {
      await stream(asked, deps)
      return reply
    } catch (error) {
      return sendFault(reply, error, asked.isKnown)
    }
  })
  app.route({
    method: otherMethods,
    url: streamPath,
    handler: (_request, reply) => refuse(reply.header('allow', 'GET'), 'method_not_allowed'),
  })
}

interface Asked {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  /** Whether the caller's credential holds. */
  isKnown: boolean
}

async function stream(asked: Asked, { hub, log, authenticate }: StreamRouteDeps): Promise<void> {
  const { request, reply } = asked
  const { bearer } = contextOf(request)
  const again = () => authenticate(bearer)
  const caller = await again()
  asked.isKnown = true
  const { resource, condition, format, after } = readRequest(request)
  const plan = planFilters(resource, { condition }, log, 'condition')
  const response = reply.raw
  const subscriber = subscriberOf(response, resource, format)
  const subscribed = await hub.subscribe({ resource, plan, caller, again, subscriber }, after)
  // The client may have left while that was waited for.
  if (response.destroyed) subscribed.close()
  response.once('close', subscribed.close)
  // From here on there is no status to send an error with.
  reply.hijack()
  for (const [name, value] of Object.entries(reply.getHeaders())) response.setHeader(name, value ?? '')
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    // nginx would hold events back until a buffer is full.
    'x-accel-buffering': 'no',
  })
  response.write(`retry: 1000\nid: ${subscribed.position}\n\n`)
  subscribed.start()
}

interface StreamRequest {
  readonly resource: Resource
  readonly condition: readonly unknown[]
  readonly format: StreamFormat
  readonly after: number | undefined
}

function readRequest(request: FastifyRequest): StreamRequest {
  const query = request.query as Readonly<Record<string, unknown>>
  const resource = resources.find(each => each.name === query.resource)
  if (resource === undefined)
    throw invalidParams('resource', 'expected the name of a resource', 'unknown_resource')
  const schema = z.strictObject({
    resource: z.string(),
    condition: z.string().default('[]'),
    format: formatSchema(resource),
    after: sequence.optional(),
  })
  const asked = parseInput(schema, query)
  const last = request.headers['last-event-id']
  // A browser that comes back still has the `after` it began with.
  const after = last === undefined || last === '' ? asked.after : readLastEventId(last)
  return { ...asked, resource, after, condition: readCondition(asked.condition) }
}

function readLastEventId(header: string | string[]): number {
  const parsed = sequence.safeParse(header)
  if (parsed.success) return parsed.data
  throw invalidParams('Last-Event-ID', 'expected a sequence number', 'wrong_type')
}

function readCondition(text: string): readonly unknown[] {
  try {
    const value = parseJson(text)
    if (Array.isArray(value)) return value
  } catch {
    // It is no JSON: the same fault.
  }
  throw invalidParams('condition', 'expected a JSON array of conditions', 'wrong_type')
}

function subscriberOf(response: ServerResponse, resource: Resource, format: StreamFormat): Subscriber {
  return {
    send(change) {
      response.write(
        `id: ${change.number}\nevent: ${resource.name}\ndata: ${changeText(resource, format, change)}\n\n`,
      )
    },
    // An event without data is none, but its id is where the client goes on.
    heartbeat: number => void response.write(`: still here\nid: ${number}\n\n`),
    ended(end) {
      const id = end.last_sequence_number
      response.end(`id: ${id}\nevent: ended\ndata: ${JSON.stringify(end)}\n\n`)
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

function tooMany(max: number): RpcError {
  return new RpcError('busy', `At most ${max} streams may be open at once`, {
    reason: 'too_many_streams',
    retryable: true,
    retry_after_ms: 1000,
    max,
  })
}
