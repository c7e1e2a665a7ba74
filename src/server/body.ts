import { isUtf8 } from 'node:buffer'
import { invalidParams, RpcError } from '../errors.ts'
import { parseJson } from '../json.ts'
import { hasRepeatedCredential } from './repeated-credential.ts'
import { type Entry, invalidRequest, type Refusal, readRequest } from './request.ts'

/** What one HTTP body or WebSocket message asks for. */
export type Body = { readonly single: Entry } | { readonly batch: readonly Entry[] }

export interface BodyLimits {
  /** Nesting of the whole body. */
  readonly maxDepth: number
  /** Entries of a batch. */
  readonly maxBatch: number
}

/** Parses and checks a body; whatever is wrong with it is a refused entry. Never throws. */
export function readBody(body: Buffer | string, limits: BodyLimits): Body {
  if (typeof body !== 'string' && !isUtf8(body)) return single(parseError('not valid UTF-8', 'invalid_utf8'))
  const text = body.toString()
  let value: unknown
  try {
    value = parseJson(text)
  } catch {
    return single(parseError('not valid JSON', 'invalid_json'))
  }
  if (!Array.isArray(value)) {
    const entry = readRequest(value, text, limits.maxDepth)
    return single(hasRepeatedCredential(text, value) ? repeatedCredential(entry) : entry)
  }
  if (value.length === 0) return single(invalidRequest('a batch must hold at least one request'))
  if (value.length > limits.maxBatch) return single(batchTooLarge(limits.maxBatch))
  const batch = value.map(entry => readRequest(entry, text, limits.maxDepth - 1))
  return { batch: hasRepeatedCredential(text, value) ? batch.map(repeatedCredential) : batch }
}

/** Of two members of one name JSON.parse takes the last, others the first: nobody can know whose call it is. */
function repeatedCredential({ id }: Entry): Refusal {
  const message = 'a member of an object holds a credential twice'
  return { refused: invalidParams('token', message, 'repeated_member'), id }
}

function single(entry: Entry): Body {
  return { single: entry }
}

function parseError(message: string, reason: string): Refusal {
  return { refused: new RpcError('parse_error', `Parse error: ${message}`, { reason }), id: null }
}

function batchTooLarge(limit: number): Refusal {
  const message = `a batch may hold at most ${limit} requests`
  return { refused: new RpcError('busy', message, { reason: 'batch_too_large', limit }), id: null }
}
