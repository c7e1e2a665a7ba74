import { parseJson, stringifyJson } from '../json.ts'
import { createBackoff, isPassing } from './backoff.ts'
import { DaybookConnectionError, DaybookError } from './error.ts'
import type { ServerEvent } from './event-parser.ts'
import { readEvents } from './event-source.ts'
import { urlBeside } from './get-request.ts'
import { pause } from './pause.ts'
import type { ConditionOf, ResourceName, Row } from './resources.ts'

/** A record that was added or has changed, as it is now. */
export interface Change<T> {
  /**
   * Where it stands: what comes behind it, for `after`. The sequence number as text for those who may read every record of
   * the resource.
   */
  readonly cursor: string
  readonly row: T
}

export interface SubscribeOptions<F extends StreamFormat = 'row'> {
  /** Begin behind this cursor, 0 for the beginning; absent: with what changes from now on. */
  readonly after?: string | number
  /** Ends the iteration when it is aborted. */
  readonly signal?: AbortSignal
  /** `envelope`: as the resource's origin writes it (change-event alone); `row` if absent. */
  readonly format?: F
  /** Told each time the server has begun to stream, and behind which cursor. */
  readonly onOpen?: (cursor: string) => void
  /** Told of each fault that is survived: without it they pass unseen. */
  readonly onFault?: (fault: unknown) => void
}

export type StreamFormat = 'row' | 'envelope'

/** What a change holds in this format. */
export type Streamed<R extends ResourceName, F extends StreamFormat> = F extends 'row' ? Row<R> : unknown

/** The changes of records: to be iterated over once. `return()` ends it at once, also while it waits. */
export type Changes<T> = AsyncGenerator<Change<T>, void, undefined>

export interface SubscribeSettings {
  /** Where the server takes JSON-RPC. */
  readonly url: string
  readonly token: string | undefined
  readonly fetch: typeof fetch
  readonly timeoutMs: number
  /** The longest silence of a connection: heartbeats come every 15 to 30 seconds. */
  readonly silenceMs?: number
}

/** After a connection that worked; those that lose one server must not come back to it all at the same moment. */
const soonMs = 100

/** The request itself is refused, whoever says so: the same one will be again. */
const lastingStatuses = [400, 405, 413, 414, 431]

/**
 * Follows the records that fulfil all conditions, reconnects by itself and goes on behind the last change that was
 * yielded. The iteration throws DaybookError for what no reconnect can mend: `permission_denied`, `sequence_too_old`, …
 */
export function subscribe<R extends ResourceName, F extends StreamFormat = 'row'>(
  settings: SubscribeSettings,
  asked: { readonly resource: R; readonly condition: readonly ConditionOf<R>[] },
  options: SubscribeOptions<F> = {},
): Changes<Streamed<R, F>> {
  const url = urlBeside(settings.url, '/stream')
  url.searchParams.set('resource', asked.resource)
  url.searchParams.set('condition', stringifyJson(asked.condition))
  if (options.format !== undefined) url.searchParams.set('format', options.format)
  const stopping = new AbortController()
  const stop = (): void => stopping.abort()
  if (options.signal?.aborted === true) stop()
  options.signal?.addEventListener('abort', stop)
  stopping.signal.addEventListener('abort', () => options.signal?.removeEventListener('abort', stop))
  const following = { ...settings, ...options, ...asked, url, stopping }
  return endable(follow<Streamed<R, F>>(following), stop)
}

/** A generator waits for its own next step before it hears of `return()`: this one is told at once. */
function endable<T>(changes: Changes<T>, stop: () => void): Changes<T> {
  const end = (): Promise<IteratorResult<Change<T>, void>> => {
    stop()
    return changes.return()
  }
  return {
    next: () => changes.next(),
    return: end,
    throw(fault) {
      stop()
      return changes.throw(fault)
    },
    [Symbol.asyncIterator]() {
      return this
    },
    async [Symbol.asyncDispose]() {
      await end()
    },
  }
}

interface Following extends Omit<SubscribeSettings, 'url'>, SubscribeOptions<StreamFormat> {
  readonly url: URL
  readonly resource: string
  readonly stopping: AbortController
}

async function* follow<T>(following: Following): Changes<T> {
  const { stopping, silenceMs = 45_000, onFault, onOpen } = following
  const { signal } = stopping
  const backoff = createBackoff()
  let { after } = following
  try {
    while (!signal.aborted) {
      const url = new URL(following.url)
      if (after !== undefined) url.searchParams.set('after', String(after))
      let isOpen = false
      let hasWorked = false
      let fault: unknown = new DaybookConnectionError('the connection has ended')
      try {
        for await (const event of readEvents({ ...following, url, silenceMs, signal })) {
          after = cursorOf(event)
          if (isOpen) hasWorked = true
          else onOpen?.(after)
          isOpen = true
          if (event.event === 'end') fault = endOf(event)
          if (event.event === 'message' && event.data !== undefined) {
            yield { cursor: after, row: parseJson(event.data) as T }
          }
        }
      } catch (error) {
        if (!passes(error)) throw error
        fault = error
      }
      if (signal.aborted) return
      onFault?.(fault)
      if (hasWorked) backoff.reset()
      await pause(hasWorked ? Math.random() * soonMs : backoff.next(fault), signal)
    }
  } finally {
    stopping.abort()
  }
}

/** Every event of the stream says how far it is. */
function cursorOf({ id }: ServerEvent): string {
  if (id !== undefined && id !== '') return id
  throw new DaybookConnectionError('an event without a cursor: this is no stream of a Daybook')
}

/** Why it ended is told better by what the next connection is answered with. */
function endOf({ data }: ServerEvent): DaybookConnectionError {
  return new DaybookConnectionError(`the server has ended the stream: ${data}`)
}

function passes(fault: unknown): boolean {
  if (fault instanceof DaybookError && fault.reason === 'stopping') return true
  if (fault instanceof DaybookConnectionError && lastingStatuses.includes(fault.status ?? 0)) return false
  return isPassing(fault)
}
