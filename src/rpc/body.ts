import { isUtf8 } from 'node:buffer'
import { invalidParams, type ReasonOf, RpcError } from '../errors.ts'
import { BodyText } from './body-text.ts'
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

/**
 * Parses a body, and checks only who calls what: SentParams does the rest once the caller is known.
 * Any fault becomes a refused entry. Never throws.
 */
export function readBody(bytes: Buffer | string, limits: BodyLimits): Body {
  if (typeof bytes !== 'string' && !isUtf8(bytes))
    return single(parseError('not valid UTF-8', 'invalid_utf8'))
  const text = bytes.toString()
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return single(parseError('not valid JSON', 'invalid_json'))
  }
  const body = new BodyText(text, limits.maxDepth)
  if (!Array.isArray(value)) {
    const entry = readRequest(value, body)
    return single(hasRepeatedCredential(text) ? repeatedCredential(entry) : entry)
  }
  if (value.length === 0) return single(invalidRequest('a batch must hold at least one request'))
  if (value.length > limits.maxBatch) return single(batchTooLarge(limits.maxBatch))
  const batch = value.map((entry, index) => readRequest(entry, body, index))
  return { batch: hasRepeatedCredential(text) ? batch.map(repeatedCredential) : batch }
}

/**
 * Of two members of one name JSON.parse takes the last, other parsers the first: the caller would be
 * ambiguous.
 */
function repeatedCredential({ id }: Entry): Refusal {
  const message = 'a member of an object holds a credential twice'
  return { refused: invalidParams('token', message, 'repeated_member'), id }
}

function single(entry: Entry): Body {
  return { single: entry }
}

function parseError(message: string, reason: ReasonOf<'parse_error'>): Refusal {
  return { refused: new RpcError(reason, `Parse error: ${message}`), id: null }
}

/**
 * Refuses all calls of a method but the first, where a batch may hold one call of it. That one costs as much
 * as a hundred others, and any client may call it.
 */
export function refuseRepeated(
  batch: readonly Entry[],
  isOncePerBatch: (method: string) => boolean,
): readonly Entry[] {
  const seen = new Set<string>()
  return batch.map(entry => {
    if ('refused' in entry || !isOncePerBatch(entry.method)) return entry
    if (!seen.has(entry.method)) {
      seen.add(entry.method)
      return entry
    }
    const message = `a batch may call ${entry.method} once`
    return { refused: new RpcError('batch_too_costly', message, { retryable: false }), id: entry.id }
  })
}

function batchTooLarge(limit: number): Refusal {
  const message = `a batch may hold at most ${limit} requests`
  return { refused: new RpcError('batch_too_large', message, { limit }), id: null }
}
