/** Repeated work, never run concurrently with itself. */
export interface Repeated {
  /** Stops it; resolves once the run under way has ended. */
  stop(): Promise<void>
}

/** Does `work` every `ms` milliseconds; skips a turn while the previous one is under way. */
export function repeat(
  ms: number,
  work: () => Promise<unknown>,
  onError: (error: unknown) => void,
): Repeated {
  let underWay: Promise<void> | undefined
  const timer = setInterval(() => {
    underWay ??= work()
      .then(() => undefined, onError)
      .finally(() => {
        underWay = undefined
      })
  }, ms).unref()
  return {
    async stop() {
      clearInterval(timer)
      await underWay
    },
  }
}
