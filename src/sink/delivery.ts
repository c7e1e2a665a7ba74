import { backoffMs, spread } from '../async/backoff.ts'
import { pause } from '../async/pause.ts'
import { DeliveryError, type Destination, type Items } from './destination.ts'
import { type Progress, SinkLost } from './progress.ts'
import type { StoredSink } from './sink.ts'

/** Sends one sink's batches to its destination, and stores what that has confirmed. */
export interface Delivery {
  /** The destination has everything up to `number` then. Throws DeliveryError, SinkLost. */
  deliver(batch: Items, number: number): Promise<void>
  /**
   * Stores that a delivery failed. Resolves to the milliseconds before the next attempt; undefined: there is none. Throws
   * SinkLost.
   */
  fail(fault: DeliveryError): Promise<number | undefined>
  /** Cuts off what is under way. */
  cut(): void
  readonly isCut: boolean
  close(): Promise<void>
}

export interface DeliveryDeps {
  /** Throws DeliveryError. */
  open(sink: StoredSink): Destination
  /** Told of each delivery that failed. */
  onFailure(sink: string): void
  /** Told of what is no fault of the destination. */
  onError(error: unknown): void
}

/** How long a fault of the database is waited out before the next try. */
export const faultMs = 500

const secretsLost = 'secrets_unreadable: they were sealed with another key; give the target again'

export function createDelivery(sink: StoredSink, progress: Progress, deps: DeliveryDeps): Delivery {
  const controller = new AbortController()
  const { signal } = controller
  let failures = sink.failures
  let destination: Destination | undefined

  /** What was delivered must not be sent again because the database is away for a moment. */
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
      // Cut off by ourselves: whether it arrived is not known, but nobody failed.
      if (signal.aborted) return undefined
      failures++
      deps.onFailure(sink.name)
      const delayMs = retryDelayMs(failures, fault.retryAfterMs)
      return (await progress.fail(fault, delayMs)) ? delayMs : undefined
    },
    close: async () => destination?.close(),
  }
}

/** A target that is back waits for `longestMs` at most. */
const retry = { firstMs: 200, longestMs: 5 * 60_000 }
/** What a target asks for by Retry-After counts up to here. */
const longestAskedMs = 60 * 60_000

/**
 * How long to wait after so many failures in a row, in milliseconds: twice as long each time, and as long as the target
 * asks for. `random`: from 0 to 1.
 */
export function retryDelayMs(failures: number, askedMs = 0, random: () => number = Math.random): number {
  return Math.max(spread(backoffMs(failures, retry), random), Math.min(askedMs, longestAskedMs))
}
