/** Between what the waits between tries grow, in milliseconds. */
export interface BackoffOptions {
  readonly firstMs: number
  readonly longestMs: number
}

/** How long to wait after so many failures in a row (from 1): twice as long each time. */
export function backoffMs(failures: number, { firstMs, longestMs }: BackoffOptions): number {
  return Math.min(firstMs * 2 ** Math.min(failures - 1, 30), longestMs)
}

/**
 * Half of `ms` and a random part of the other half: those that lost the same server must not return to it at the same
 * moment. `random`: from 0 to 1.
 */
export function spread(ms: number, random: () => number = Math.random): number {
  return ms / 2 + (random() * ms) / 2
}
