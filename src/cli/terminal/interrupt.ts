/** Aborted by Ctrl-C and by SIGTERM: what follows something has been told to stop, and that is no failure. */
export interface Interrupt {
  readonly signal: AbortSignal
  /** Gives both signals back their own meaning. */
  release(): void
}

export function listenForInterrupt(): Interrupt {
  const controller = new AbortController()
  const abort = (): void => controller.abort()
  const release = (): void => {
    process.off('SIGINT', abort)
    process.off('SIGTERM', abort)
  }
  process.once('SIGINT', abort)
  process.once('SIGTERM', abort)
  return { signal: controller.signal, release }
}
