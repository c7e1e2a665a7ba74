import { checkJson, parseJson } from '../json.ts'
import type { OutboundAnswer } from './outbound.ts'

/** What a receiver answered, as it is kept: `body` is a JSON value or text. */
export interface WebhookResult {
  readonly status: number
  readonly body: unknown
  readonly truncated?: true
}

/** A result is kept inside a record, whose own levels count too. */
const maxDepth = 48
const maxQuotedBytes = 1024
const dayMs = 24 * 60 * 60 * 1000

/** The answer of a 2xx: JSON when it says so, parses and can be kept in the database, else text. */
export function webhookResult({ status, headers, body, truncated }: OutboundAnswer): WebhookResult {
  if (truncated) return { status, body: storableText(body), truncated }
  return { status, body: isJson(headers['content-type']) ? jsonOrText(body) : storableText(body) }
}

/** The beginning of an answer's text, at most 1 KiB. */
export function quotedAnswer({ body }: OutboundAnswer): string {
  const bytes = Buffer.from(storableText(body)).subarray(0, maxQuotedBytes)
  // As a stream, a character that the limit cuts in two is left out.
  return new TextDecoder().decode(bytes, { stream: true }).trim()
}

/**
 * How long the receiver asks to wait (RFC 9110, section 10.2.3: seconds or a date in GMT), in milliseconds from `now`
 * and at most a day; undefined when it asks nothing that can be read.
 */
export function retryAfterMs(text: string | undefined, now: number): number | undefined {
  if (text === undefined) return undefined
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1000, dayMs)
  // Date.parse alone takes `-1` for a year, and the form without a time zone for local time.
  const time = /^[A-Za-z]{3,9}, .* GMT$/.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(time) ? undefined : Math.min(Math.max(time - now, 0), dayMs)
}

function isJson(contentType: string | undefined): boolean {
  return /^application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i.test(contentType ?? '')
}

function jsonOrText(text: string): unknown {
  try {
    const value = parseJson(text)
    checkJson(value, text, maxDepth)
    return value
  } catch {
    return storableText(text)
  }
}

/** PostgreSQL keeps no NUL in a text. */
function storableText(text: string): string {
  return text.replaceAll('\u0000', '\ufffd')
}
