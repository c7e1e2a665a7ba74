import { isUtf8 } from 'node:buffer'
import { z } from 'zod'
import { invalidParams, RpcError } from '../errors.ts'
import { safeHeaders } from '../outbound/headers.ts'
import { type Outbound, OutboundError } from '../outbound/outbound.ts'

const timeoutMs = 15_000
const maxAnswerBytes = 1024 * 1024

const requestSchema = z.tuple([
  z.string().max(2048),
  z.strictObject({
    method: z.string().max(32).nullish(),
    headers: z.record(z.string(), z.union([z.string(), z.number()])).nullish(),
    body: z.string().nullish(),
    body_base64: z.base64().nullish(),
  }),
])

/** What the script's `fetch` makes its response of: a body that is not UTF-8 comes as base64. */
export interface FetchAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | null
  readonly body_base64?: string
}

/**
 * A script's fetch through the guarded client, to `hosts` only. Throws RpcError 102 (`fetch_not_allowed`) when they
 * are null, -32602 for a malformed request, and 999 with the client's reason, e.g. `address_forbidden`.
 */
export async function fetchFor(
  outbound: Outbound,
  hosts: readonly string[] | null,
  args: readonly unknown[],
  signal: AbortSignal,
): Promise<FetchAnswer> {
  if (hosts === null) throw fetchNotAllowed()
  const parsed = requestSchema.safeParse(args)
  if (!parsed.success) throw notRequest()
  const [url, { method, headers, body, body_base64 }] = parsed.data
  const given = Object.entries(headers ?? {}).map(([name, value]) => [name, String(value)])
  try {
    const answer = await outbound.request({
      url,
      method: (method ?? 'GET').toUpperCase(),
      headers: safeHeaders(Object.fromEntries(given)),
      body: (body_base64 ? Buffer.from(body_base64, 'base64') : body) ?? undefined,
      timeoutMs,
      maxBytes: maxAnswerBytes,
      signal,
      hosts,
    })
    if (answer.truncated) throw answerTooLarge()
    const { status, bytes } = answer
    const content = isUtf8(bytes)
      ? { body: answer.body }
      : { body: null, body_base64: Buffer.from(bytes).toString('base64') }
    return { status, headers: answer.headers, ...content }
  } catch (error) {
    if (error instanceof OutboundError && error.reason === 'host_forbidden') throw hostForbidden(error)
    if (error instanceof OutboundError) throw unanswered(error)
    // The client's own callers choose the method, and here that is the script.
    throw error instanceof TypeError ? notRequest() : error
  }
}

function hostForbidden({ reason, message, retryable }: OutboundError): RpcError {
  const text = `${message}, which the worker's fetch_hosts lists`
  return new RpcError(reason, text, { retryable, member: 'fetch_hosts' })
}

function fetchNotAllowed(): RpcError {
  const message = 'fetch_not_allowed: this worker has no fetch_hosts'
  return new RpcError('fetch_not_allowed', message)
}

function notRequest(): RpcError {
  return invalidParams('fetch', 'expected fetch(url, {method, headers, body}) with a text as body')
}

function unanswered({ reason, message, retryable }: OutboundError): RpcError {
  return new RpcError(reason, message, { retryable })
}

function answerTooLarge(): RpcError {
  const message = `the answer has more than ${maxAnswerBytes} bytes`
  return new RpcError('answer_too_large', message, { retryable: false }, 'other')
}
