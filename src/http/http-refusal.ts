import type { FastifyReply } from 'fastify'
import { type ErrorDetail, errorCodes, hasCode, type Reason, RpcError, retrySoon } from '../errors.ts'
import { failure, writeResponse } from '../rpc/outcome.ts'

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
    detail: { ...retrySoon, setting: 'DAYBOOK_MAX_CONNECTIONS' },
  },
  too_many_bodies: {
    status: 503,
    message: 'too many bytes of bodies are arriving at once',
    detail: retrySoon,
  },
  unsupported_media_type: {
    status: 415,
    message: 'the body must be application/json, plain or gzip',
  },
} as const satisfies Partial<Record<Reason, RefusalAnswer>>

export type RefusalReason = keyof typeof refusals

const reasonsOfFaults: Readonly<Record<string, RefusalReason | undefined>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported_media_type',
  // Of zlib: too large when unpacked, not gzip, ended early.
  ERR_BUFFER_TOO_LARGE: 'body_too_large',
  Z_DATA_ERROR: 'body_incomplete',
  Z_BUF_ERROR: 'body_incomplete',
  // Of BodyFault.
  too_large: 'body_too_large',
  ended_early: 'body_incomplete',
  stalled: 'body_stalled',
  over_budget: 'too_many_bodies',
}

/** Why the body of a request could not be read; undefined for any other error. */
export function refusalReasonOf(error: unknown): RefusalReason | undefined {
  return error instanceof Error && 'code' in error ? reasonsOfFaults[String(error.code)] : undefined
}

/** How the errors of a surface look. */
export interface ErrorForm {
  readonly contentType: string
  /** The surface's status for an error that elsewhere has `status`; absent: the same. */
  statusOf?(status: number, error: unknown): number
  textOf(error: unknown, status: number, correlationId: string): string
}

/** As JSON-RPC errors, so that a JSON-RPC client can show them. */
const asJsonRpc: ErrorForm = {
  contentType: 'application/json',
  textOf: (error, _status, correlationId) => writeResponse(failure(error, correlationId), null),
}

/** Answers a request that never reaches its method. */
export function refuse(reply: FastifyReply, reason: RefusalReason, form?: ErrorForm): FastifyReply {
  const { status, message, detail }: RefusalAnswer = refusals[reason]
  // By itself the reason is that of the database, code 103.
  const name = reason === 'too_many_connections' ? 'busy' : undefined
  return sendError(reply, status, new RpcError(reason, message, detail, name), form)
}

/**
 * Answers a request whose method failed, with the status that fits the error; 401 only where the caller is
 * not known.
 */
export function sendFault(
  reply: FastifyReply,
  error: unknown,
  { isKnown, form }: { readonly isKnown: boolean; readonly form?: ErrorForm | undefined },
): FastifyReply {
  const status = error instanceof RpcError ? (statuses.get(error.code) ?? 500) : 500
  return sendError(reply, isKnown && hasCode(error, 'permission_denied') ? 403 : status, error, form)
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

/** Answers with an error of our own choice of status, and with what HTTP wants said beside it. */
export function sendError(
  reply: FastifyReply,
  usualStatus: number,
  error: unknown,
  form: ErrorForm = asJsonRpc,
): FastifyReply {
  const status = form.statusOf?.(usualStatus, error) ?? usualStatus
  if (status === 401) reply.header('www-authenticate', 'Bearer')
  if (error instanceof RpcError && error.data.retryable) {
    // In seconds (RFC 9110, section 10.2.3).
    reply.header('retry-after', Math.ceil((error.data.retry_after_ms ?? 1000) / 1000))
  }
  return reply
    .code(status)
    .type(form.contentType)
    .send(form.textOf(error, status, reply.request.id))
}
