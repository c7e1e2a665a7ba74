import { RpcError } from '../errors.ts'
import type { SentParams } from '../method/sent-params.ts'
import type { BodyText, Id } from './body-text.ts'

/** A request object that is fit to run. Without an id it is a notification: run, but not answered. */
export interface CleanRequest {
  readonly method: string
  readonly params: SentParams
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
 * `body` is what `value` was parsed from, `index` its place in a batch.
 */
export function readRequest(value: unknown, body: BodyText, index?: number): Entry {
  if (!isMembers(value)) return invalidRequest('expected a request object')
  const { jsonrpc, method, params } = value
  if (value.id !== undefined && !isRoundedId(value.id)) {
    return invalidRequest('id must be a string, a number or null')
  }
  const id = typeof value.id === 'number' ? body.idOf(value.id, index) : value.id
  if (jsonrpc !== '2.0') return invalidRequest('jsonrpc must be "2.0"', id)
  if (typeof method !== 'string') return invalidRequest('method must be a string', id)
  if (params !== undefined && (typeof params !== 'object' || params === null)) {
    return invalidRequest('params must be an object or an array', id)
  }
  return { method, params: body.paramsOf(params, index), id }
}

/**
 * Answered under the request's id where that can be read, else under null (section 5): never a notification.
 */
export function invalidRequest(message: string, id: Id = null): Refusal {
  const error = new RpcError('invalid_request', `Invalid Request: ${message}`)
  return { refused: error, id }
}

function isMembers(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isRoundedId(value: unknown): value is string | number | null {
  return value === null || typeof value === 'string' || typeof value === 'number'
}
