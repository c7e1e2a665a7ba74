/** Work that is done again and again, never twice at once. */
export interface Repeated {
  /** Ends it; resolves when what is under way has ended. */
  stop(): Promise<void>
}

/** Does `work` every `ms` milliseconds; a turn that comes while the last is under way is left out. */
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
