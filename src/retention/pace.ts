/** How many rows a batch takes, and how long to pause after it. */
export interface Pace {
  size(): number
  /** Told how long a batch took, in milliseconds; says how long to pause. */
  next(tookMs: number): number
}

// Few sizes: each is a statement of its own.
const sizes = [10, 50, 100, 250, 500] as const

/** A batch that takes longer is followed by a smaller one: so long it may hold locks, and on PGlite everybody up. */
const slowMs = 30
const quickMs = 12

const leastPauseMs = 5
const longestPauseMs = 1000

/** Batches that stay short whatever the rows weigh, each followed by a pause as long as itself. */
export function createPace(): Pace {
  let step = 2
  return {
    size: () => sizes[step] ?? sizes[0],
    next(tookMs) {
      if (tookMs > slowMs) step = Math.max(step - 1, 0)
      else if (tookMs < quickMs) step = Math.min(step + 1, sizes.length - 1)
      return Math.min(Math.max(tookMs, leastPauseMs), longestPauseMs)
    },
  }
}
