import { LRUCache } from 'lru-cache'

/** Counts requests by caller. */
export interface RateLimit {
  /** Takes one request of `key`: 0 when it may be made, else the milliseconds until the next may. */
  take(key: string): number
}

export interface RateLimitOptions {
  /** Requests a second, on average. */
  readonly perSecond: number
  /** Requests allowed in a burst after a pause. */
  readonly burst: number
  /** Monotonic milliseconds. */
  readonly now?: () => number
}

/**
 * A forgotten client may begin with a burst again; a flood from more addresses than this comes from many
 * clients.
 */
const maxKeys = 10_000

/** A bucket of tokens each. */
export function createRateLimit({
  perSecond,
  burst,
  now = () => performance.now(),
}: RateLimitOptions): RateLimit {
  const msEach = 1000 / perSecond
  /** When the bucket of each is full again. */
  const fullAt = new LRUCache<string, number>({ max: maxKeys })
  return {
    take(key) {
      const time = now()
      const full = Math.max(fullAt.get(key) ?? time, time) + msEach
      const excess = full - time - burst * msEach
      // A rounding error must not refuse the last request of the burst.
      if (excess > msEach / 1000) return excess
      fullAt.set(key, full)
      return 0
    },
  }
}
