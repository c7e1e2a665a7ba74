import type { FastifyReply } from 'fastify'
import type { RestRoute } from '../compat/rest.ts'
import { type RestStatus, restErrorText, restStatusOf } from '../compat/rest-error.ts'
import { toWire } from '../errors.ts'
import { type RefusalReason, refusalOf, sayWhenAgain } from './http-refusal.ts'

/** RFC 8259 needs no charset, but some clients take Latin-1 for what has none. */
export const jsonType = 'application/json; charset=utf-8'

/** Answers with an error; `isKnown`: whether the caller's credential had been accepted when it came. */
export function sendFault(
  reply: FastifyReply,
  route: RestRoute,
  error: unknown,
  isKnown: boolean,
): FastifyReply {
  const status = restStatusOf(error, isKnown)
  const { message, data } = toWire(error, reply.request.id)
  if (status === 401) reply.header('www-authenticate', 'Bearer')
  if (status === 503) sayWhenAgain(reply, data)
  const found = data.correlation_id === undefined ? '' : `; correlation id ${data.correlation_id}`
  return sendError(reply, route, status, `${message}${found}`)
}

/** Answers a request that no method gets to see, with what `refuse` says elsewhere. */
export function sendRefusal(reply: FastifyReply, route: RestRoute, reason: RefusalReason): FastifyReply {
  const { status, message, data } = refusalOf(reason)
  // Their clients know no 408.
  return sendError(sayWhenAgain(reply, data), route, status === 408 ? 503 : status, message)
}

/** Answers with an error in the shape of the route's dialect. */
export function sendError(
  reply: FastifyReply,
  { errorPrefix }: RestRoute,
  status: RestStatus,
  message: string,
): FastifyReply {
  return reply
    .code(status)
    .type(jsonType)
    .send(restErrorText(errorPrefix, status, message))
}
