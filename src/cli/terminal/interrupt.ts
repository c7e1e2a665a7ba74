/** Aborted by Ctrl-C and SIGTERM: being told to stop is no failure of a command that follows something. */
export interface Interrupt {
  readonly signal: AbortSignal
  /** Restores the default meaning of both signals. */
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
