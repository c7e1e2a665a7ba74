import { parseJson } from '../json.ts'
import { DaybookConnectionError, DaybookError } from './error.ts'
import { type Connection, describeFault, wireErrorOf } from './transport.ts'

/** The URL of a path beside those that take JSON-RPC, e.g. `/stream`. */
export function urlBeside({ url: base }: Connection, path: string): URL {
  const url = new URL(base)
  url.pathname = `${url.pathname.replace(/\/$|(?:\/nodeget)?\/rpc\/?$/, '')}${path}`
  url.search = ''
  return url
}

export interface GetOptions {
  /** The only media type that is accepted; any if absent. */
  readonly mediaType?: string
  /** What the answer should be, in words. */
  readonly expected: string
  /** The longest silence once the answer has begun; any if absent. */
  readonly silenceMs?: number
  /** Ends it when it is aborted. */
  readonly signal?: AbortSignal | undefined
}

/**
 * The bytes of an answer as they arrive; nothing is read from the connection until more is asked for. Throws DaybookError
 * when the server refuses, and DaybookConnectionError when the connection fails, is too slow or is aborted.
 */
export async function* getBytes(
  url: URL,
  { token, fetch: send, timeoutMs }: Connection,
  { mediaType, expected, silenceMs, signal }: GetOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  // A header that cannot be sent is the caller's fault: it throws here, outside of what is tried again.
  const headers = headersOf(token, mediaType ?? '*/*')
  const cut = new AbortController()
  const end = (): void => cut.abort(signal?.reason)
  signal?.addEventListener('abort', end)
  if (signal?.aborted === true) end()
  try {
    const opening = send(url, { headers, signal: cut.signal, cache: 'no-store' })
    const response = await inTime(
      opening.then(answer => requireTaken(answer, mediaType, expected)),
      timeoutMs,
      cut,
    )
    const reader = response.body?.getReader()
    while (reader !== undefined) {
      const { done, value } = await inTime(reader.read(), silenceMs, cut)
      if (done) return
      yield value
    }
  } catch (cause) {
    if (cause instanceof DaybookError || cause instanceof DaybookConnectionError) throw cause
    throw new DaybookConnectionError(`${url.origin}: ${describeFault(cause, timeoutMs)}`, { cause })
  } finally {
    signal?.removeEventListener('abort', end)
    cut.abort()
  }
}

/** The credential as UTF-8 bytes, which is how the server reads it. Throws TypeError for what no header can hold. */
function headersOf(token: string | undefined, accept: string): Headers {
  const headers = new Headers({ accept })
  if (token === undefined) return headers
  const bytes = String.fromCharCode(...new TextEncoder().encode(token))
  headers.set('authorization', `Bearer ${bytes}`)
  return headers
}

async function requireTaken(
  response: Response,
  mediaType: string | undefined,
  expected: string,
): Promise<Response> {
  const { status } = response
  const given = response.headers.get('content-type') ?? ''
  if (status === 200 && (mediaType === undefined || given.startsWith(mediaType))) return response
  throw refusalOf(status, await response.text(), expected)
}

/** The error of an answer that is not what was `expected`. */
function refusalOf(status: number, text: string, expected: string): Error {
  try {
    const answer = parseJson(text)
    if (typeof answer === 'object' && answer !== null && 'error' in answer) {
      return new DaybookError(wireErrorOf(answer.error, status))
    }
  } catch {
    // No JSON, or no error in it: something other than Daybook answered.
  }
  return new DaybookConnectionError(`HTTP status ${status}, and not ${expected}`, { status })
}

/** Cuts the connection and rejects when `work` takes longer. */
async function inTime<T>(work: Promise<T>, ms: number | undefined, cut: AbortController): Promise<T> {
  if (ms === undefined) return work
  const timer = setTimeout(() => cut.abort(new DaybookConnectionError(`nothing was heard for ${ms} ms`)), ms)
  try {
    return await work
  } catch (error) {
    throw cut.signal.aborted ? cut.signal.reason : error
  } finally {
    clearTimeout(timer)
  }
}
