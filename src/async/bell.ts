import { type Pause, startPause } from './pause.ts'

/** Wakes its waiter. A ring before the wait is not lost. */
export interface Bell {
  ring(): void
  /** Resolves at the next ring, immediately if one was missed, or after `ms` milliseconds at the latest. */
  wait(ms: number): Promise<void>
}

export function createBell(): Bell {
  let isRung = false
  let waiting: Pause | undefined
  return {
    ring() {
      isRung = true
      waiting?.end()
    },
    async wait(ms) {
      if (!isRung) {
        waiting = startPause(ms)
        await waiting.over
        waiting = undefined
      }
      isRung = false
    },
  }
}
