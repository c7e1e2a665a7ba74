/**
 * Every error a client can see: its name and its number on the wire.
 * docs/errors.md holds the same table; a test compares the two in both directions.
 */
export const errorCodes = {
  parse_error: -32700,
  invalid_request: -32600,
  method_not_found: -32601,
  invalid_params: -32602,
  internal_error: -32603,
  malformed_credential: 101,
  permission_denied: 102,
  database_error: 103,
  not_found: 105,
  invalid_input: 108,
  conflict: 109,
  busy: 110,
  other: 999,
} as const

export type ErrorName = keyof typeof errorCodes

/** `reason` is a stable snake_case word; `path` names the bad value, e.g. `query.condition[2].limit`. */
export interface ErrorData {
  readonly reason: string
  readonly path?: string
  readonly retryable?: boolean
  readonly retry_after_ms?: number
  readonly correlation_id?: string
  readonly [extra: string]: unknown
}

/** The `error` member of a JSON-RPC answer (JSON-RPC 2.0, section 5.1). */
export interface WireError {
  readonly code: number
  readonly message: string
  readonly data: ErrorData
}

/** The only error whose text and data reach a client. */
export class RpcError extends Error {
  readonly code: number
  readonly data: ErrorData

  constructor(name: ErrorName, message: string, data: ErrorData) {
    super(message)
    this.name = 'RpcError'
    this.code = errorCodes[name]
    this.data = data
  }
}

/** A fault of the caller's parameters at `path`, e.g. `query.condition[2].limit`. */
export function invalidParams(
  path: string,
  message: string,
  reason = 'invalid_params',
  more: object = {},
): RpcError {
  const said = path === '' ? message : `${path}: ${message}`
  return new RpcError('invalid_params', said, { reason, path, ...more })
}

/**
 * What a client gets to see of an error. Anything but an RpcError is ours: it becomes -32603 with
 * nothing but the correlation id under which the log holds its cause.
 */
export function toWire(error: unknown, correlationId: string): WireError {
  if (error instanceof RpcError) return { code: error.code, message: error.message, data: error.data }
  return {
    code: errorCodes.internal_error,
    message: 'Internal error',
    data: { reason: 'internal_error', correlation_id: correlationId },
  }
}
