/** How many rows a batch takes, and how long to pause after it. */
export interface Pace {
  size(): number
  /** Takes how long a batch took and gives how long to pause, both in milliseconds. */
  next(tookMs: number): number
}

// Few sizes: each is a statement of its own.
const sizes = [10, 50, 100, 250, 500] as const

/** A slower batch is followed by a smaller one: it holds locks, and on PGlite it holds everybody up. */
const slowMs = 30
const quickMs = 12

const leastPauseMs = 5
const longestPauseMs = 1000

/** Keeps batches short however large the rows are, and pauses as long as each batch took. */
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
