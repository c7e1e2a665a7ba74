import { hasReason } from '../errors.ts'
import type { Changes } from './change-log.ts'

/** The changes after a number, shared by all readers at that position. */
export interface Pages {
  /** What others have just read behind this number. */
  held(after: number): Changes | undefined
  /**
   * Resolves to undefined when nothing follows `after` (not queried again before `expire`), and to
   * `failed` when the database cannot be read just now. Throws RpcError 108 (`sequence_too_old`).
   */
  read(after: number): Promise<Changes | undefined | 'failed'>
  /** Whether nothing is known to follow this number. */
  isEnd(number: number): boolean
  /** There are new numbers. */
  expire(): void
  /** Releases everything it holds. */
  forget(): void
}

export interface PagesOptions {
  read(after: number): Promise<Changes>
  onError(error: unknown): void
  /** It may be tried again after a failure. */
  onRetry(): void
}

interface Page {
  readonly from: number
  readonly readAt: number
  readonly changes: Changes
}

/** Each is about a mebibyte of rows at most, or one row. */
const maxPages = 3
/** So long records may be sent as they were when they were read. */
const goodForMs = 200
/** Pause between a failed read and the next one. */
const retryMs = 200

export function createPages({ read, onError, onRetry }: PagesOptions): Pages {
  const held: Page[] = []
  let end: number | undefined
  let version = 0
  let pause: NodeJS.Timeout | undefined

  function heldAfter(after: number): Changes | undefined {
    const since = performance.now() - goodForMs
    const isIt = ({ from, readAt, changes }: Page): boolean =>
      readAt > since && from <= after && after < changes.through
    return held.find(isIt)?.changes
  }

  async function readPage(from: number): Promise<Changes | undefined> {
    const asked = version
    const readAt = performance.now()
    const changes = await read(from)
    if (changes.through === from) {
      // Changes written in the meantime may still follow it.
      if (asked === version) end = from
      return undefined
    }
    // They may have been written before the notification arrived, and others since.
    if (changes.isEnd && asked === version) end = changes.through
    else if (end !== undefined && end < changes.through) end = undefined
    // Two readers may have read the same page: neither waits for the other's connection.
    if (heldAfter(from) === undefined && held.push({ from, readAt, changes }) > maxPages) held.shift()
    return changes
  }

  async function readOrPause(after: number): Promise<Changes | undefined | 'failed'> {
    if (pause !== undefined) return 'failed'
    try {
      return isEnd(after) ? undefined : await readPage(after)
    } catch (error) {
      if (hasReason(error, 'sequence_too_old')) throw error
      if (pause === undefined) onError(error)
      pause ??= setTimeout(() => {
        pause = undefined
        onRetry()
      }, retryMs).unref()
      return 'failed'
    }
  }

  const isEnd = (number: number): boolean => end !== undefined && number >= end

  return {
    isEnd,
    held: heldAfter,
    read: readOrPause,
    expire() {
      version++
      end = undefined
    },
    forget() {
      held.length = 0
    },
  }
}
