import { pause } from '../async/pause.ts'
import type { Reason } from '../errors.ts'
import { parseJson, stringifyJson } from '../json.ts'
import { createBackoff, isPassing } from './backoff.ts'
import { DaybookConnectionError, DaybookError } from './error.ts'
import { createEventParser, type ServerEvent } from './event-parser.ts'
import { getBytes, urlBeside } from './get.ts'
import type { ConditionOf, ResourceName, Row } from './resources.ts'
import type { Connection } from './transport.ts'

/** A record that was added or has changed, as it is now. */
export interface Change<T> {
  /**
   * Its position, to be passed as `after`: the sequence number as text if you may read every record of the resource.
   */
  readonly cursor: string
  readonly row: T
}

export interface SubscribeOptions<F extends StreamFormat = 'row'> {
  /** Start after this cursor, 0 for the beginning; without it, with changes from now on. */
  readonly after?: string | number
  /** Ends the iteration when it is aborted. */
  readonly signal?: AbortSignal
  /** `envelope`: in the format of UiPath Insights (change-event only); `row` if absent. */
  readonly format?: F
  /** Called each time the server starts to stream, with the cursor it starts after. */
  readonly onOpen?: (cursor: string) => void
  /** Called with each fault that is survived; without it they go unnoticed. */
  readonly onFault?: (fault: unknown) => void
}

export type StreamFormat = 'row' | 'envelope'

/** What a change carries in this format. */
export type Streamed<R extends ResourceName, F extends StreamFormat> = F extends 'row' ? Row<R> : unknown

/** The changes of records, to be iterated once. `return()` ends it at once, even while it waits. */
export type Changes<T> = AsyncGenerator<Change<T>, void, undefined>

/** The longest pause after a connection that worked; random, so that clients of one server do not all return at once. */
const soonMs = 100

/** Heartbeats come every 15 to 30 seconds. */
const usualSilenceMs = 45_000

/** The request itself is refused, by the server or by a proxy: the same one will be refused again. */
const lastingStatuses = [400, 405, 413, 414, 431]

/**
 * Follows the records that fulfil all conditions. Reconnects by itself and resumes after the last change that was
 * yielded. The iteration throws DaybookError where reconnecting does not help: `permission_denied`, `sequence_too_old`, …
 */
export function subscribe<R extends ResourceName, F extends StreamFormat = 'row'>(
  connection: Connection & { readonly silenceMs?: number },
  asked: { readonly resource: R; readonly condition: readonly ConditionOf<R>[] },
  options: SubscribeOptions<F> = {},
): Changes<Streamed<R, F>> {
  const url = urlBeside(connection, '/stream')
  url.searchParams.set('resource', asked.resource)
  url.searchParams.set('condition', stringifyJson(asked.condition))
  if (options.format !== undefined) url.searchParams.set('format', options.format)
  const stopping = new AbortController()
  const stop = (): void => stopping.abort()
  if (options.signal?.aborted === true) stop()
  options.signal?.addEventListener('abort', stop)
  stopping.signal.addEventListener('abort', () => options.signal?.removeEventListener('abort', stop))
  const { silenceMs = usualSilenceMs } = connection
  const { signal } = stopping
  const reading = { mediaType: 'text/event-stream', expected: 'a stream of events', silenceMs, signal }
  const open: Open = after => {
    if (after !== undefined) url.searchParams.set('after', String(after))
    return eventsIn(getBytes(url, connection, reading))
  }
  return endable(follow<Streamed<R, F>>(open, options, stopping), stop)
}

/** A generator learns of `return()` only after its pending step; this one ends at once. */
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

/** Opens a connection that starts after a cursor. */
type Open = (after: string | number | undefined) => AsyncGenerator<ServerEvent, void, undefined>

async function* follow<T>(
  open: Open,
  { after: first, onFault, onOpen }: SubscribeOptions<StreamFormat>,
  stopping: AbortController,
): Changes<T> {
  const { signal } = stopping
  let after = first
  const backoff = createBackoff()
  try {
    while (!signal.aborted) {
      let isOpen = false
      let hasWorked = false
      let fault: unknown = new DaybookConnectionError('the connection has ended')
      try {
        for await (const event of open(after)) {
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

async function* eventsIn(
  chunks: AsyncGenerator<Uint8Array, void, undefined>,
): AsyncGenerator<ServerEvent, void, undefined> {
  const parser = createEventParser()
  for await (const chunk of chunks) yield* parser.push(chunk)
}

/** Every event of the stream carries its cursor. */
function cursorOf({ id }: ServerEvent): string {
  if (id !== undefined && id !== '') return id
  throw new DaybookConnectionError('an event without a cursor: this is no stream of a Daybook')
}

/** The answer to the next connection tells more exactly why it ended. */
function endOf({ data }: ServerEvent): DaybookConnectionError {
  return new DaybookConnectionError(`the server has ended the stream: ${data}`)
}

function passes(fault: unknown): boolean {
  if (fault instanceof DaybookError && fault.reason === ('stopping' satisfies Reason)) return true
  if (fault instanceof DaybookConnectionError && lastingStatuses.includes(fault.status ?? 0)) return false
  return isPassing(fault)
}
