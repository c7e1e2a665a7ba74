import type { FastifyReply } from 'fastify'
import { RpcError } from '../errors.ts'
import { failure, type Outcome, writeResponse } from './outcome.ts'

/** Requests that never reach the front door: the status and the error each is answered with. */
const refusals = {
  foreign_host: [403, 'permission_denied', 'the Host header does not name this server'],
  foreign_origin: [403, 'permission_denied', 'requests of this origin are not allowed'],
  no_such_path: [404, 'not_found', 'no such path'],
  method_not_allowed: [405, 'invalid_input', 'the path does not take this method'],
  body_incomplete: [400, 'invalid_input', 'the body ended early or cannot be read'],
  body_too_large: [413, 'busy', 'the body is too large'],
  unsupported_media_type: [415, 'invalid_input', 'the body must be application/json'],
} as const

export type RefusalReason = keyof typeof refusals

/** Answers with an HTTP error whose body is a JSON-RPC error, so that a JSON-RPC client can show it. */
export function refuse(reply: FastifyReply, reason: RefusalReason): FastifyReply {
  const [status, name, message] = refusals[reason]
  return sendError(reply, status, failure(new RpcError(name, message, { reason }), reply.request.id))
}

/** What a request gets that failed by our own fault, outside any method. */
export function sendInternalError(reply: FastifyReply, error: unknown): FastifyReply {
  return sendError(reply, 500, failure(error, reply.request.id))
}

function sendError(reply: FastifyReply, status: number, outcome: Outcome): FastifyReply {
  return reply.code(status).type('application/json').send(writeResponse(outcome, null))
}
