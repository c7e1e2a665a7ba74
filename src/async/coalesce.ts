/** Work that is asked for more often than it is done: requests that come while it runs are met by one more run after it. */
export interface Coalesced {
  /** Asks for a run that begins from now on. */
  run(): void
  /** Begins no other run. Resolves when the one under way has ended. */
  stop(): Promise<void>
}

export function coalesce(work: () => Promise<void>, onError: (error: unknown) => void): Coalesced {
  let isAsked = false
  let isStopped = false
  let running: Promise<void> | undefined

  async function runAll(): Promise<void> {
    while (isAsked && !isStopped) {
      isAsked = false
      await work().catch(onError)
    }
    running = undefined
  }

  return {
    run() {
      isAsked = true
      if (!isStopped) running ??= runAll()
    },
    async stop() {
      isStopped = true
      await running
    },
  }
}
