import { constants } from 'node:os'

/** npm forwards a signal that the terminal already sent to the whole group: both count as one. */
const sameSignalMs = 250

/** Aborted handlers may still hold timers and sockets: they must not keep the process alive. */
const lingerMs = 1000

/**
 * Resolves once `close`, called at the first SIGTERM or SIGINT, or `ended` has resolved. A later signal ends
 * the process immediately.
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
