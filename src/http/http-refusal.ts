import type { FastifyReply } from 'fastify'
import { type ErrorDetail, errorCodes, type Reason, RpcError } from '../errors.ts'
import { failure, type Outcome, writeResponse } from '../rpc/outcome.ts'

const retryable = { retryable: true, retry_after_ms: 1000 } as const

interface RefusalAnswer {
  readonly status: number
  readonly message: string
  readonly detail?: ErrorDetail
}

/** Requests that never reach the endpoint, and how each is answered. */
const refusals = {
  foreign_host: {
    status: 403,
    message: 'the Host header does not name this server; DAYBOOK_ALLOWED_HOSTS adds names',
    detail: { setting: 'DAYBOOK_ALLOWED_HOSTS' },
  },
  foreign_origin: {
    status: 403,
    message: 'web pages of this origin may not call; DAYBOOK_ALLOWED_ORIGINS lists those that may',
    detail: { setting: 'DAYBOOK_ALLOWED_ORIGINS' },
  },
  no_such_path: { status: 404, message: 'no such path' },
  method_not_allowed: { status: 405, message: 'the path does not take this method' },
  body_incomplete: { status: 400, message: 'the body ended early or cannot be read' },
  body_stalled: { status: 408, message: 'the body stopped arriving', detail: { retryable: true } },
  body_too_large: { status: 413, message: 'the body is too large' },
  stopping: { status: 503, message: 'the server is stopping' },
  too_many_connections: {
    status: 503,
    message: 'too many connections are open, from this address or from all',
    detail: { ...retryable, setting: 'DAYBOOK_MAX_CONNECTIONS' },
  },
  too_many_bodies: {
    status: 503,
    message: 'too many bytes of bodies are arriving at once',
    detail: retryable,
  },
  unsupported_media_type: {
    status: 415,
    message: 'the body must be application/json, plain or gzip',
  },
} as const satisfies Partial<Record<Reason, RefusalAnswer>>

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
  const { status, message } = refusals[reason]
  const { detail }: RefusalAnswer = refusals[reason]
  return { status, message, data: { reason, ...detail } }
}

/** Answers with an HTTP error whose body is a JSON-RPC error, so that a JSON-RPC client can show it. */
export function refuse(reply: FastifyReply, reason: RefusalReason): FastifyReply {
  const { status, message, detail }: RefusalAnswer = refusals[reason]
  // The database's word for connections is another code.
  const name = reason === 'too_many_connections' ? 'busy' : undefined
  const error = new RpcError(reason, message, detail, name)
  return sendError(sayWhenAgain(reply, error.data), status, failure(error, reply.request.id))
}

/** `Retry-After` in seconds (RFC 9110, section 10.2.3), where a retry helps. */
export function sayWhenAgain(
  reply: FastifyReply,
  { retryable, retry_after_ms = 1000 }: ErrorDetail,
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
