import { toWire } from '../errors.ts'
import { JsonText, stringifyJson } from '../json.ts'
import type { Id } from './body-text.ts'

/**
 * How a call ended: the JSON text of the `result` or the `error` member of its response, perhaps as bytes in
 * UTF-8.
 */
export interface Outcome {
  readonly member: 'result' | 'error'
  readonly text: string | Buffer
  /** The error's code. */
  readonly code: number | undefined
}

/** Throws TypeError when `value` has no JSON text, e.g. a bigint. */
export function success(value: unknown): Outcome {
  const text = value instanceof JsonText ? value.written : stringifyJson(value)
  return { member: 'result', text, code: undefined }
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

/**
 * The JSON text of a response object (JSON-RPC 2.0, section 5); the outcome's text is spliced in untouched.
 */
export function writeResponse(outcome: Outcome, id: Id): string {
  return `${beginOf(outcome)}${outcome.text}${endOf(id)}`
}

/** The same as bytes where the outcome is many: of few, a text is written sooner. */
export function writeAnswer(outcome: Outcome, id: Id): string | Buffer {
  const { text } = outcome
  if (typeof text === 'string' || text.length < manyBytes) return writeResponse(outcome, id)
  return Buffer.concat([Buffer.from(beginOf(outcome)), text, Buffer.from(endOf(id))])
}

const manyBytes = 16 * 1024

function beginOf({ member }: Outcome): string {
  return `{"jsonrpc":"2.0","${member}":`
}

function endOf(id: Id): string {
  return `,"id":${JSON.stringify(id)}}`
}
