import { Client } from 'undici'
import { createConnector } from './connector.ts'

export interface OutboundRequest {
  /** http or https, without credentials. */
  readonly url: string
  readonly method: string
  /** None that `safeHeaders` would drop. */
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array | undefined
  /** For all of it: name, connection, TLS, sending, and the whole answer. */
  readonly timeoutMs: number
  /** How much of the answer's body is kept; the rest is not read, and the connection closed. */
  readonly maxBytes: number
  readonly signal?: AbortSignal | undefined
  /** When given, only these hosts may be asked (`example.com`, `*.example.com`, each with or without `:port`). */
  readonly hosts?: readonly string[] | undefined
}

export interface OutboundAnswer {
  readonly status: number
  /** Names in lower case; a header that came several times is joined with `, `. */
  readonly headers: Readonly<Record<string, string>>
  /** Read as UTF-8; what is not becomes U+FFFD. */
  readonly body: string
  /** What `body` was read from. */
  readonly bytes: Uint8Array
  /** Whether the body was longer than `maxBytes`. */
  readonly truncated: boolean
}

/**
 * Sends one request over a connection of its own to one of `addresses`, which were checked: nothing is resolved
 * here, and no redirect is followed. Host and TLS server name stay those of the URL. Ends when `signal` aborts.
 */
export async function exchange(
  url: URL,
  addresses: readonly string[],
  request: OutboundRequest,
  signal: AbortSignal,
): Promise<OutboundAnswer> {
  const client = new Client(url.origin, {
    connect: createConnector({ addresses, signal, maxBytesRead: maxBytesRead(request.maxBytes) }),
    headersTimeout: 0,
    bodyTimeout: 0,
  })
  try {
    const answer = await client.request({
      path: url.pathname + url.search,
      method: request.method,
      headers: request.headers,
      body: request.body ?? null,
      reset: true,
      signal,
    })
    const kept = await readBounded(answer.body, request.maxBytes)
    return { status: answer.statusCode, headers: joined(answer.headers), ...kept }
  } finally {
    await client.destroy()
  }
}

/** Room for headers, and for a body that comes in chunks of one byte, each of which takes six. */
function maxBytesRead(maxBytes: number): number {
  return 256 * 1024 + 8 * maxBytes
}

async function readBounded(
  body: AsyncIterable<Buffer>,
  maxBytes: number,
): Promise<{ body: string; bytes: Uint8Array; truncated: boolean }> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of body) {
    chunks.push(chunk)
    size += chunk.length
    if (size > maxBytes) break
  }
  const truncated = size > maxBytes
  const bytes = Buffer.concat(chunks).subarray(0, maxBytes)
  // As a stream, a character that the limit cuts in two is left out.
  return { body: new TextDecoder().decode(bytes, { stream: truncated }), bytes, truncated }
}

function joined(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  const entries = Object.entries(headers).filter(([, value]) => value !== undefined)
  return Object.fromEntries(entries.map(([name, value]) => [name, [value].flat().join(', ')]))
}
