/** Lets any number wait for the next sign that there may be work. */
export interface WorkSignal {
  /** Resolves at the next `give`, after `ms` milliseconds at the latest; to false once it is closed. */
  next(ms: number): Promise<boolean>
  give(): void
  close(): void
}

export function createWorkSignal(): WorkSignal {
  const waiting = new Map<() => void, NodeJS.Timeout>()
  let closed = false

  function give(): void {
    for (const [resolve, timer] of waiting) {
      clearTimeout(timer)
      resolve()
    }
    waiting.clear()
  }

  return {
    async next(ms) {
      if (closed) return false
      const { promise, resolve } = Promise.withResolvers<void>()
      const timer = setTimeout(() => {
        waiting.delete(resolve)
        resolve()
      }, ms)
      waiting.set(resolve, timer)
      await promise
      return !closed
    },
    give,
    close() {
      closed = true
      give()
    },
  }
}
