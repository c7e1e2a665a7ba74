import { LRUCache } from 'lru-cache'
import { backoffMs } from '../async/backoff.ts'
import type { Clock } from '../async/clock.ts'
import { RpcError } from '../errors.ts'

export interface DelayOptions {
  readonly clock: Clock
  /** Wrong ones that cost no delay. */
  readonly free: number
  /** After this many milliseconds one wrong one is forgotten. */
  readonly forgetMs: number
  /** Keys kept, those with the latest wrong ones; default 10,000. */
  readonly maxKeys?: number
}

/** Counts wrong attempts by a key, and has each new one wait longer. */
export interface LoginDelay {
  /** Throws RpcError 110 (reason `login_delayed`) while no attempt is taken. */
  requireOver(key: string): void
  addWrong(key: string): void
  /** A right one: the count begins again. */
  forget(key: string): void
  /** Whether none was wrong lately. */
  isClean(key: string): boolean
}

interface Wrongs {
  /** How many there were; from `until` on one less for each `forgetMs`. */
  readonly count: number
  /** Until then no attempt is taken. */
  readonly until: number
}

const delays = { firstMs: 250, longestMs: 30_000 }
/** Doublings from the first delay to the longest. */
const doublings = Math.ceil(Math.log2(delays.longestMs / delays.firstMs))

export function createLoginDelay({ clock, free, forgetMs, maxKeys = 10_000 }: DelayOptions): LoginDelay {
  const wrongs = new LRUCache<string, Wrongs>({ max: maxKeys })

  function countOf(key: string): number {
    const known = wrongs.get(key)
    return known === undefined ? 0 : Math.max(0, known.count - Math.max(0, clock() - known.until) / forgetMs)
  }

  return {
    requireOver(key) {
      const left = (wrongs.get(key)?.until ?? 0) - clock()
      if (left > 0) throw loginDelayed(left)
    },
    addWrong(key) {
      const count = Math.min(countOf(key) + 1, free + doublings + 1)
      const beyond = Math.round(count - free)
      const delay = beyond < 1 ? 0 : backoffMs(beyond, delays)
      wrongs.set(key, { count, until: clock() + delay })
    },
    forget: key => void wrongs.delete(key),
    isClean: key => countOf(key) < 1,
  }
}

function loginDelayed(ms: number): RpcError {
  return new RpcError('login_delayed', 'After wrong passwords, the next attempt has to wait', {
    retryable: true,
    retry_after_ms: Math.ceil(ms),
  })
}
