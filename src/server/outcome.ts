import { toWire } from '../errors.ts'
import { stringifyJson } from '../json.ts'
import type { Id } from './request.ts'

/** How a call ended: the JSON text of the `result` or the `error` member of its response. */
export interface Outcome {
  readonly member: 'result' | 'error'
  readonly text: string
  /** The error's code. */
  readonly code: number | undefined
}

/** Throws TypeError when `value` has no JSON text, e.g. a bigint. */
export function success(value: unknown): Outcome {
  return { member: 'result', text: stringifyJson(value), code: undefined }
}

/** Shows a client what it may see of `error`; never throws. */
export function failure(error: unknown, correlationId: string): Outcome {
  const wire = toWire(error, correlationId)
  try {
    return { member: 'error', text: stringifyJson(wire), code: wire.code }
  } catch (fault) {
    return failure(fault, correlationId)
  }
}

/** The JSON text of a response object (JSON-RPC 2.0, section 5); the outcome's text is spliced in untouched. */
export function writeResponse(outcome: Outcome, id: Id): string {
  return `{"jsonrpc":"2.0","${outcome.member}":${outcome.text},"id":${JSON.stringify(id)}}`
}
