/** The shortest and the longest wait between tries, in milliseconds. */
export interface BackoffOptions {
  readonly firstMs: number
  readonly longestMs: number
}

/** The wait after this many failures in a row (from 1): it doubles each time. */
export function backoffMs(failures: number, { firstMs, longestMs }: BackoffOptions): number {
  return Math.min(firstMs * 2 ** Math.min(failures - 1, 30), longestMs)
}

/**
 * Half of `ms` plus a random part of the other half: clients that lost the same server must not return at the
 * same moment. `random`: from 0 to 1.
 */
export function spread(ms: number, random: () => number = Math.random): number {
  return ms / 2 + (random() * ms) / 2
}
