import { parseJson, stringifyJson } from '../json.ts'
import { type AnsweredError, DaybookConnectionError, DaybookError } from './error.ts'
import type { CallOptions } from './methods.ts'

/** How a client reaches its server. */
export interface Connection {
  /** Where the server takes JSON-RPC. */
  readonly url: string
  readonly token: string | undefined
  readonly fetch: typeof fetch
  /** The longest wait for an answer, or for its first byte. */
  readonly timeoutMs: number
}

/**
 * Sends one request and resolves to its result. Numbers beyond 2^53 travel as ExactNumber.
 * Throws DaybookError, and DaybookConnectionError when no answer comes within `timeoutMs` (the client's own if absent) or
 * when `signal` is aborted.
 */
export type Transport = (method: string, params: object, options?: CallOptions) => Promise<unknown>

/** A transport over HTTP POST. */
export function createTransport(connection: Omit<Connection, 'token'>): Transport {
  let lastId = 0
  return async (method, params, { timeoutMs = connection.timeoutMs, signal } = {}) => {
    const id = ++lastId
    const body = stringifyJson({ jsonrpc: '2.0', method, params, id })
    const { status, text } = await exchange(body, { ...connection, timeoutMs, signal })
    return resultOf(parseAnswer(text, status), id, status)
  }
}

async function exchange(
  body: string,
  { url, fetch: send, timeoutMs, signal: given }: Omit<Connection, 'token'> & Pick<CallOptions, 'signal'>,
): Promise<{ status: number; text: string }> {
  // Outside of the try: an invalid time-out is the caller's mistake.
  const late = AbortSignal.timeout(timeoutMs)
  const signal = given === undefined ? late : AbortSignal.any([late, given])
  try {
    const response = await send(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body,
      signal,
    })
    return { status: response.status, text: await response.text() }
  } catch (cause) {
    throw new DaybookConnectionError(`${url}: ${describeFault(cause, timeoutMs)}`, { cause })
  }
}

/** Why no answer came, in one line. */
export function describeFault(cause: unknown, timeoutMs: number): string {
  if (!(cause instanceof Error)) return String(cause)
  if (cause.name === 'TimeoutError') return `no answer within ${timeoutMs} ms`
  // fetch says only "fetch failed"; the reason (ECONNREFUSED …) is in its cause.
  const inner = cause.cause
  if (!(inner instanceof Error)) return cause.message
  return inner.message || ('code' in inner ? String(inner.code) : cause.message)
}

function parseAnswer(text: string, status: number): unknown {
  try {
    return parseJson(text)
  } catch (cause) {
    throw new DaybookConnectionError(notAnAnswer(status), { status, cause })
  }
}

function resultOf(answer: unknown, id: number, status: number): unknown {
  if (typeof answer !== 'object' || answer === null || !('jsonrpc' in answer)) {
    throw new DaybookConnectionError(notAnAnswer(status), { status })
  }
  if ('error' in answer) throw new DaybookError(wireErrorOf(answer.error, status))
  if ('result' in answer && 'id' in answer && answer.id === id) return answer.result
  throw new DaybookConnectionError(notAnAnswer(status), { status })
}

function notAnAnswer(status: number): string {
  return `HTTP status ${status}, and not an answer to the JSON-RPC request`
}

/**
 * The error of an answer. Another JSON-RPC server may answer at the address, even one without `data`. Throws
 * DaybookConnectionError for what is not an error.
 */
export function wireErrorOf(error: unknown, status: number): AnsweredError {
  if (typeof error !== 'object' || error === null || !('code' in error) || !('message' in error)) {
    throw new DaybookConnectionError(notAnAnswer(status), { status })
  }
  const data = 'data' in error && typeof error.data === 'object' ? error.data : null
  return {
    code: Number(error.code),
    message: String(error.message),
    data: { reason: 'unknown', ...data },
  }
}
