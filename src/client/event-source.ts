import { DaybookConnectionError, DaybookError } from './error.ts'
import { createEventParser, type ServerEvent } from './event-parser.ts'
import { headersOf, refusalOf } from './get-request.ts'
import { describeFault } from './transport.ts'

export interface EventSourceOptions {
  readonly url: URL
  readonly token: string | undefined
  readonly fetch: typeof fetch
  /** The longest wait for the first byte, milliseconds. */
  readonly timeoutMs: number
  /** The longest silence after that. */
  readonly silenceMs: number
  /** Ends it. */
  readonly signal: AbortSignal
}

/**
 * The server-sent events of one connection, until it ends. Nothing is read from it while nobody asks for more. Throws
 * DaybookError when the server refuses, DaybookConnectionError when the connection fails, and nothing once it was ended.
 */
export async function* readEvents(options: EventSourceOptions): AsyncGenerator<ServerEvent, void, undefined> {
  const { signal, timeoutMs, silenceMs } = options
  // A header that cannot be sent is the caller's fault: it throws here, where nobody tries again.
  const headers = headersOf(options.token, 'text/event-stream')
  const cut = new AbortController()
  const end = (): void => cut.abort()
  signal.addEventListener('abort', end)
  try {
    if (signal.aborted) return
    const response = await inTime(open(options, headers, cut.signal), timeoutMs, cut)
    const reader = response.body?.getReader()
    const parser = createEventParser()
    while (reader !== undefined) {
      const { done, value } = await inTime(reader.read(), silenceMs, cut)
      if (done) return
      yield* parser.push(value)
    }
  } catch (cause) {
    if (signal.aborted) return
    if (cause instanceof DaybookError || cause instanceof DaybookConnectionError) throw cause
    throw new DaybookConnectionError(`${options.url.origin}: ${describeFault(cause, timeoutMs)}`, { cause })
  } finally {
    signal.removeEventListener('abort', end)
    cut.abort()
  }
}

async function open(
  { url, fetch: send }: EventSourceOptions,
  headers: Headers,
  signal: AbortSignal,
): Promise<Response> {
  const response = await send(url, { headers, signal, cache: 'no-store' })
  const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') === true
  if (response.status === 200 && isStream) return response
  throw refusalOf(response.status, await response.text(), 'a stream of events')
}

/** Rejects when `work` takes longer, and cuts the connection. */
async function inTime<T>(work: Promise<T>, ms: number, cut: AbortController): Promise<T> {
  const timer = setTimeout(() => cut.abort(new DaybookConnectionError(`nothing was heard for ${ms} ms`)), ms)
  try {
    return await work
  } catch (error) {
    throw cut.signal.aborted ? cut.signal.reason : error
  } finally {
    clearTimeout(timer)
  }
}
