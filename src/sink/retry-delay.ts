const firstMs = 200
/** A target that is back hears of it so soon. */
const longestMs = 5 * 60_000
/** What a target asks for by Retry-After counts up to here. */
const longestAskedMs = 60 * 60_000

/**
 * How long to wait after so many failures in a row, in milliseconds: twice as long each time, never the same for two sinks
 * that lost their target at the same moment, and as long as the target asks for. `random`: from 0 to 1.
 */
export function retryDelayMs(failures: number, askedMs = 0, random: () => number = Math.random): number {
  const most = Math.min(firstMs * 2 ** Math.min(failures - 1, 30), longestMs)
  return Math.max(most / 2 + (random() * most) / 2, Math.min(askedMs, longestAskedMs))
}
