import { backoffMs, spread } from '../async/backoff.ts'
import { pause } from '../async/pause.ts'
import { DeliveryError, type Destination, type Items } from './destination.ts'
import { type Progress, SinkLost } from './progress.ts'
import type { StoredSink } from './sink.ts'

/** Sends one sink's batches to its destination, and stores what the destination has confirmed. */
export interface Delivery {
  /** The destination has everything up to `number` then. Throws DeliveryError, SinkLost. */
  deliver(batch: Items, number: number): Promise<void>
  /**
   * Stores a failed delivery. Resolves to the milliseconds before the next attempt, undefined if there is
   * none. Throws SinkLost.
   */
  fail(fault: DeliveryError): Promise<number | undefined>
  /** Aborts the delivery under way. */
  cut(): void
  readonly isCut: boolean
  close(): Promise<void>
}

export interface DeliveryDeps {
  /** Throws DeliveryError. */
  open(sink: StoredSink): Destination
  /** Called for each failed delivery. */
  onFailure(sink: string): void
  /** Called for errors that are not the destination's fault. */
  onError(error: unknown): void
}

/** The wait after a database error before the next try. */
export const faultMs = 500

const secretsLost = 'secrets_unreadable: they were sealed with another key; give the target again'

export function createDelivery(sink: StoredSink, progress: Progress, deps: DeliveryDeps): Delivery {
  const controller = new AbortController()
  const { signal } = controller
  let failures = sink.failures
  let destination: Destination | undefined

  /** Retries, so that a brief database outage does not cause a second delivery. */
  async function confirm(number: number, delivered: number): Promise<void> {
    for (;;) {
      try {
        return await progress.confirm(number, delivered)
      } catch (error) {
        if (error instanceof SinkLost || signal.aborted) throw error
        deps.onError(error)
        await pause(faultMs, signal)
      }
    }
  }

  return {
    get isCut() {
      return signal.aborted
    },
    cut: () => controller.abort(),
    async deliver(batch, number) {
      if (sink.is_locked) throw new DeliveryError(secretsLost, { lasting: 'refused' })
      destination ??= deps.open(sink)
      await destination.deliver(batch, failures + 1, signal)
      failures = 0
      await confirm(number, batch.length)
    },
    async fail(fault) {
      // We aborted it: it may have arrived, but it did not fail.
      if (signal.aborted) return undefined
      failures++
      deps.onFailure(sink.name)
      const delayMs = retryDelayMs(failures, fault.retryAfterMs)
      return (await progress.fail(fault, delayMs)) ? delayMs : undefined
    },
    close: async () => destination?.close(),
  }
}

/** A recovered target waits for `longestMs` at most. */
const retry = { firstMs: 200, longestMs: 5 * 60_000 }
/** The upper limit for a target's Retry-After. */
const longestAskedMs = 60 * 60_000

/**
 * The wait after this many failures in a row, in milliseconds: it doubles each time, and is at least what the
 * target asks for. `random`: from 0 to 1.
 */
export function retryDelayMs(failures: number, askedMs = 0, random: () => number = Math.random): number {
  return Math.max(spread(backoffMs(failures, retry), random), Math.min(askedMs, longestAskedMs))
}
