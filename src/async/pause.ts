/** A wait that can be ended early. */
export interface Pause {
  readonly over: Promise<void>
  end(): void
}

/** Lasts `ms` milliseconds, or until it is ended or `signal` is aborted. */
export function startPause(ms: number, signal?: AbortSignal): Pause {
  const { promise, resolve } = Promise.withResolvers<void>()
  const end = (): void => {
    clearTimeout(timer)
    signal?.removeEventListener('abort', end)
    resolve()
  }
  const timer = setTimeout(end, ms)
  signal?.addEventListener('abort', end)
  if (signal?.aborted) end()
  return { over: promise, end }
}

/** Resolves after `ms` milliseconds, or as soon as `signal` is aborted. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return startPause(ms, signal).over
}
