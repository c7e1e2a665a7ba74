/** Merges requests for work: all that arrive during a run are served by one more run after it. */
export interface Coalesced {
  /** Requests a run that begins after this call. */
  run(): void
  /** Starts no further run. Resolves once the current one has ended. */
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
