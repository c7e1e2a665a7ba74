import { backoffMs, spread } from '../async/backoff.ts'
import { DaybookConnectionError, DaybookError } from './error.ts'

const limits = { firstMs: 250, longestMs: 15_000 }

/** The pauses between consecutive failed tries. */
export interface Backoff {
  /** How long to wait now, in milliseconds: longer each time, and at least as long as the server asks for. */
  next(fault?: unknown): number
  /** Call it after a try that succeeded. */
  reset(): void
}

export function createBackoff(): Backoff {
  let failures = 0
  return {
    next(fault) {
      failures++
      return Math.max(spread(backoffMs(failures, limits)), askedFor(fault))
    },
    reset() {
      failures = 0
    },
  }
}

function askedFor(fault: unknown): number {
  const ms = fault instanceof DaybookError ? Number(fault.data.retry_after_ms) : 0
  return ms > 0 ? Math.min(ms, limits.longestMs) : 0
}

// The database was unavailable, or the server failed: the request is not at fault.
const serverFaults = [103, 999, -32603]

const payloadTooLarge = 413

/** Whether the same request may succeed later: the server or the network is at fault, not the request. */
export function isPassing(fault: unknown): boolean {
  if (fault instanceof DaybookConnectionError) return fault.status !== payloadTooLarge
  if (!(fault instanceof DaybookError)) return false
  return fault.data.retryable === undefined ? serverFaults.includes(fault.code) : fault.retryable
}
