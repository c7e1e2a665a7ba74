import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { parseAllow, requireAddresses } from './address.ts'
import type { OutboundAnswer, OutboundRequest } from './exchange.ts'
import { requireSafeHeaders, requireSafeMethod } from './headers.ts'
import { type HostAndPort, hostAndPortOf, matchesHost, parseHostPattern } from './host-pattern.ts'
import { OutboundError } from './outbound-error.ts'
import { parseRequestUrl } from './request-url.ts'

export type { OutboundAnswer, OutboundRequest } from './exchange.ts'
export { OutboundError, type OutboundFault } from './outbound-error.ts'

/** The one HTTP client for addresses that users gave: it reaches nothing of ours unless the operator allowed it. */
export interface Outbound {
  /**
   * Any status is an answer, also a redirect. Throws OutboundError; TypeError for a method or a header that the
   * caller should not have passed, and Error for one of `hosts` that `parseHostPattern` refuses.
   */
  request(request: OutboundRequest): Promise<OutboundAnswer>
  /** Ends what is running (`cancelled`), and refuses what comes later. */
  close(): Promise<void>
}

export interface OutboundOptions {
  /** What may be asked although it is private: entries as `parseAllow` reads them. */
  readonly allow: readonly string[]
  /** The addresses of a name; the system's resolver by default. */
  readonly resolve?: (hostname: string) => Promise<readonly string[]>
}

/** Throws Error for an entry of `allow` that cannot be read. */
export function createOutbound({ allow, resolve = resolveName }: OutboundOptions): Outbound {
  const rules = allow.map(parseAllow)
  const running = new Map<AbortController, Promise<unknown>>()
  let isClosed = false

  async function ask(request: OutboundRequest, signal: AbortSignal): Promise<OutboundAnswer> {
    const url = parseRequestUrl(request.url)
    const target = hostAndPortOf(url)
    requireHost(target, request.hosts)
    try {
      signal.throwIfAborted()
      const addresses = await orAborted(addressesOf(target, resolve), signal)
      requireAddresses(target, addresses, rules)
      // Loaded with the first request: undici takes a tenth of a start.
      const { exchange } = await import('./exchange.ts')
      return await exchange(url, addresses, request, signal)
    } catch (error) {
      if (signal.aborted) throw signal.reason
      throw error instanceof OutboundError ? error : connectionFailed(error)
    }
  }

  return {
    async request(request) {
      requireSafeMethod(request.method)
      requireSafeHeaders(request.headers)
      if (isClosed) throw cancelled()
      const stop = new AbortController()
      const release = stopWith(stop, request)
      const answer = ask(request, stop.signal)
      running.set(stop, answer)
      try {
        return await answer
      } finally {
        release()
        running.delete(stop)
      }
    },
    async close() {
      isClosed = true
      for (const stop of running.keys()) stop.abort(cancelled())
      await Promise.allSettled(running.values())
    },
  }
}

function requireHost(target: HostAndPort, hosts: readonly string[] | undefined): void {
  if (hosts === undefined || hosts.some(host => matchesHost(parseHostPattern(host), target))) return
  throw new OutboundError('host_forbidden', `${target.host} is not among the allowed hosts`)
}

async function addressesOf(
  { host }: HostAndPort,
  resolve: (hostname: string) => Promise<readonly string[]>,
): Promise<readonly string[]> {
  if (isIP(host) !== 0) return [host]
  try {
    const addresses = await resolve(host)
    if (addresses.length > 0) return addresses
  } catch (error) {
    throw new OutboundError('name_not_found', host, error)
  }
  throw new OutboundError('name_not_found', host)
}

async function resolveName(hostname: string): Promise<readonly string[]> {
  const found = await lookup(hostname, { all: true })
  return found.map(({ address }) => address)
}

/** Aborts `stop` at the time-out and with the caller's signal, until what it returns is called. */
function stopWith(stop: AbortController, { timeoutMs, signal }: OutboundRequest): () => void {
  const timer = setTimeout(() => stop.abort(new OutboundError('timeout', `${timeoutMs} ms`)), timeoutMs)
  const cancel = () => stop.abort(cancelled())
  if (signal?.aborted) cancel()
  signal?.addEventListener('abort', cancel)
  return () => {
    clearTimeout(timer)
    signal?.removeEventListener('abort', cancel)
  }
}

/** A name server that does not answer cannot be interrupted, only be left alone. */
function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    work.then(resolve, reject)
  })
}

function connectionFailed(error: unknown): OutboundError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'no answer'
  return new OutboundError('connection_failed', code, error)
}

function cancelled(): OutboundError {
  return new OutboundError('cancelled', 'stopped before it had an answer')
}
