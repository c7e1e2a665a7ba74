/** Wakes the one who waits for it; a ring that comes before is not lost. */
export interface Bell {
  ring(): void
  /** Resolves at the next ring (or the last, if nobody waited for it), after `ms` milliseconds at the latest. */
  wait(ms: number): Promise<void>
}

export function createBell(): Bell {
  let isRung = false
  let end: (() => void) | undefined
  return {
    ring() {
      isRung = true
      end?.()
    },
    async wait(ms) {
      if (!isRung) {
        const { promise, resolve } = Promise.withResolvers<void>()
        const timer = setTimeout(resolve, ms).unref()
        end = resolve
        await promise
        end = undefined
        clearTimeout(timer)
      }
      isRung = false
    },
  }
}
