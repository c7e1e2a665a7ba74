import { constants } from 'node:os'

/** npm passes a signal on that the terminal has sent to the whole group already: together they count as one. */
const sameSignalMs = 250

/** Handlers that were cut off may hold timers and sockets still: they must not keep the process. */
const lingerMs = 1000

/**
 * Resolves when `close`, called at the first SIGTERM or SIGINT, has resolved, or `ended` has. A later signal ends the process
 * at once.
 */
export function runUntilSignal(close: () => Promise<void>, ended?: Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    let firstAt: number | undefined
    const onSignal = (signal: NodeJS.Signals): void => {
      if (firstAt === undefined) {
        firstAt = performance.now()
        close()
          .then(resolve, reject)
          .finally(() => setTimeout(() => process.exit(), lingerMs).unref())
      } else if (performance.now() - firstAt > sameSignalMs) {
        process.exit(128 + constants.signals[signal])
      }
    }
    process.on('SIGTERM', onSignal)
    process.on('SIGINT', onSignal)
    ended?.then(resolve, reject)
  })
}
