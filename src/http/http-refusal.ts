import type { FastifyReply } from 'fastify'
import { type ErrorData, errorCodes, RpcError } from '../errors.ts'
import { failure, type Outcome, writeResponse } from '../rpc/outcome.ts'

const retryable = { retryable: true, retry_after_ms: 1000 } as const

/** Requests that never reach the front door: the status and the error each is answered with, and what its data says beside. */
const refusals = {
  foreign_host: [
    403,
    'permission_denied',
    'the Host header does not name this server; DAYBOOK_ALLOWED_HOSTS adds names',
    { setting: 'DAYBOOK_ALLOWED_HOSTS' },
  ],
  foreign_origin: [
    403,
    'permission_denied',
    'web pages of this origin may not call; DAYBOOK_ALLOWED_ORIGINS lists those that may',
    { setting: 'DAYBOOK_ALLOWED_ORIGINS' },
  ],
  no_such_path: [404, 'not_found', 'no such path'],
  method_not_allowed: [405, 'invalid_input', 'the path does not take this method'],
  body_incomplete: [400, 'invalid_input', 'the body ended early or cannot be read'],
  body_stalled: [408, 'busy', 'the body stopped arriving', { retryable: true }],
  body_too_large: [413, 'busy', 'the body is too large'],
  stopping: [503, 'busy', 'the server is stopping'],
  too_many_connections: [
    503,
    'busy',
    'too many connections are open, from this address or from all',
    { ...retryable, setting: 'DAYBOOK_MAX_CONNECTIONS' },
  ],
  too_many_bodies: [503, 'busy', 'too many bytes of bodies are arriving at once', retryable],
  unsupported_media_type: [415, 'invalid_input', 'the body must be application/json, plain or gzip'],
} as const

export type RefusalReason = keyof typeof refusals

const reasonsOfFaults: Readonly<Record<string, RefusalReason | undefined>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported_media_type',
  // Of zlib: what it would become, what is no gzip, what ends early.
  ERR_BUFFER_TOO_LARGE: 'body_too_large',
  Z_DATA_ERROR: 'body_incomplete',
  Z_BUF_ERROR: 'body_incomplete',
  // Of BodyFault.
  too_large: 'body_too_large',
  ended_early: 'body_incomplete',
  stalled: 'body_stalled',
  over_budget: 'too_many_bodies',
}

/** Why a request is refused whose body could not be read; undefined when that is not the reason. */
export function refusalReasonOf(error: unknown): RefusalReason | undefined {
  return error instanceof Error && 'code' in error ? reasonsOfFaults[String(error.code)] : undefined
}

/** The status and the words of a refusal, for answers that are no JSON-RPC. */
export function refusalOf(reason: RefusalReason) {
  const [status, , message, data] = refusals[reason]
  return { status, message, data: { reason, ...data } }
}

/** Answers with an HTTP error whose body is a JSON-RPC error, so that a JSON-RPC client can show it. */
export function refuse(reply: FastifyReply, reason: RefusalReason): FastifyReply {
  const [status, name, message, more] = refusals[reason]
  const data: ErrorData = { reason, ...more }
  return sendError(
    sayWhenAgain(reply, data),
    status,
    failure(new RpcError(name, message, data), reply.request.id),
  )
}

/** `Retry-After` in seconds (RFC 9110, section 10.2.3), where a retry helps. */
export function sayWhenAgain(
  reply: FastifyReply,
  { retryable, retry_after_ms = 1000 }: ErrorData,
): FastifyReply {
  return retryable ? reply.header('retry-after', Math.ceil(retry_after_ms / 1000)) : reply
}

/** What a request gets that failed by our own fault, outside any method. */
export function sendInternalError(reply: FastifyReply, error: unknown): FastifyReply {
  return sendError(reply, 500, failure(error, reply.request.id))
}

/**
 * What a request gets whose method failed, where the answer is no JSON-RPC one: the fitting status, the same error.
 * `isKnown`: whether the caller's credential holds.
 */
export function sendFault(reply: FastifyReply, error: unknown, isKnown: boolean): FastifyReply {
  if (!(error instanceof RpcError)) return sendInternalError(reply, error)
  const status = statusOf(error, isKnown)
  if (status === 401) reply.header('www-authenticate', 'Bearer')
  if (status === 503) sayWhenAgain(reply, error.data)
  return sendError(reply, status, failure(error, reply.request.id))
}

const statuses = new Map<number, number>([
  [errorCodes.invalid_params, 400],
  [errorCodes.invalid_input, 400],
  [errorCodes.malformed_credential, 401],
  [errorCodes.permission_denied, 401],
  [errorCodes.not_found, 404],
  [errorCodes.conflict, 409],
  [errorCodes.busy, 503],
  [errorCodes.database_error, 503],
])

/** Whoever has a credential that holds is not asked for another. */
function statusOf({ code }: RpcError, isKnown: boolean): number {
  if (code === errorCodes.permission_denied && isKnown) return 403
  return statuses.get(code) ?? 500
}

function sendError(reply: FastifyReply, status: number, outcome: Outcome): FastifyReply {
  return reply.code(status).type('application/json').send(writeResponse(outcome, null))
}
