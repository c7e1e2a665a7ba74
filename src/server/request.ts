import { RpcError } from '../errors.ts'
import { checkJson, type ExactNumber, isExactNumber } from '../json.ts'

/** What JSON-RPC 2.0 allows as an id (section 4); a number that a double cannot hold keeps its text. */
export type Id = string | number | null | ExactNumber

/** A request object that is fit to run. Without an id it is a notification: run, but not answered. */
export interface CleanRequest {
  readonly method: string
  readonly params: object | undefined
  readonly id: Id | undefined
}

/** A request object that is answered (or, as a notification, dropped) without being run. */
export interface Refusal {
  readonly refused: RpcError
  readonly id: Id | undefined
}

export type Entry = CleanRequest | Refusal

/**
 * Reads one request object (JSON-RPC 2.0, section 4); members that it does not know are ignored.
 * `text` is what `value` was parsed from, `depth` how deep `value` may nest.
 */
export function readRequest(value: unknown, text: string, depth: number): Entry {
  if (!isMembers(value)) return invalidRequest('expected a request object')
  const { jsonrpc, method, params, id } = value
  if (id !== undefined && !isId(id)) return invalidRequest('id must be a string, a number or null')
  if (jsonrpc !== '2.0') return invalidRequest('jsonrpc must be "2.0"', id)
  if (typeof method !== 'string') return invalidRequest('method must be a string', id)
  if (params === undefined) return { method, params, id }
  if (typeof params !== 'object' || params === null || isExactNumber(params)) {
    return invalidRequest('params must be an object or an array', id)
  }
  const fault = faultOf(params, text, depth - 1)
  return fault === undefined ? { method, params, id } : { refused: fault, id }
}

/** Answered under the request's id where that can be read, else under null (section 5): never a notification. */
export function invalidRequest(message: string, id: Id = null): Refusal {
  const error = new RpcError('invalid_request', `Invalid Request: ${message}`, { reason: 'invalid_request' })
  return { refused: error, id }
}

function isMembers(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isExactNumber(value)
}

function isId(value: unknown): value is Id {
  return value === null || typeof value === 'string' || typeof value === 'number' || isExactNumber(value)
}

function faultOf(params: object, text: string, depth: number): RpcError | undefined {
  try {
    checkJson(params, text, depth)
    return undefined
  } catch (error) {
    if (error instanceof RpcError) return error
    throw error
  }
}
