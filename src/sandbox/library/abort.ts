import type { exceptionLibrary } from './exception.ts'
import type { Kit } from './kit.ts'
import type { timerLibrary } from './timers.ts'

/** AbortController and AbortSignal. */
export function abortLibrary(kit: Kit<{ exception: typeof exceptionLibrary; timers: typeof timerLibrary }>) {
  const { DOMException } = kit.library('exception')

  interface AbortEvent {
    readonly type: 'abort'
    readonly target: AbortSignal
  }
  type Listener = ((event: AbortEvent) => void) | { handleEvent(event: AbortEvent): void }

  let abort: (signal: AbortSignal, reason: unknown) => void = () => undefined

  class AbortSignal {
    #aborted = false
    #reason: unknown
    #listeners = new Map<Listener, boolean>()
    onabort: ((event: AbortEvent) => void) | null = null

    static {
      abort = (signal, reason) => signal.#abort(reason)
    }

    get aborted(): boolean {
      return this.#aborted
    }

    get reason(): unknown {
      return this.#reason
    }

    throwIfAborted(): void {
      if (this.#aborted) throw this.#reason
    }

    addEventListener(type: unknown, listener: Listener | null, options?: { once?: unknown } | boolean): void {
      if (type !== 'abort' || listener === null || this.#listeners.has(listener)) return
      this.#listeners.set(listener, typeof options === 'object' && Boolean(options?.once))
    }

    removeEventListener(type: unknown, listener: Listener): void {
      if (type === 'abort') this.#listeners.delete(listener)
    }

    #abort(reason: unknown): void {
      if (this.#aborted) return
      this.#aborted = true
      this.#reason =
        reason === undefined ? new DOMException('This operation was aborted', 'AbortError') : reason
      const event: AbortEvent = { type: 'abort', target: this }
      const listeners = [...this.#listeners]
      for (const [listener, once] of listeners) {
        if (once) this.#listeners.delete(listener)
        if (typeof listener === 'function') listener.call(this, event)
        else listener.handleEvent(event)
      }
      this.onabort?.(event)
    }

    get [Symbol.toStringTag](): string {
      return 'AbortSignal'
    }

    static abort(reason?: unknown): AbortSignal {
      const signal = new AbortSignal()
      abort(signal, reason)
      return signal
    }

    static timeout(delayMs: unknown): AbortSignal {
      const signal = new AbortSignal()
      const late = () =>
        abort(signal, new DOMException('The operation was aborted due to timeout', 'TimeoutError'))
      kit.library('timers').setTimeout(late, delayMs)
      return signal
    }

    static any(signals: Iterable<AbortSignal>): AbortSignal {
      const signal = new AbortSignal()
      for (const each of signals) {
        if (each.aborted) abort(signal, each.reason)
        else each.addEventListener('abort', () => abort(signal, each.reason), { once: true })
      }
      return signal
    }
  }

  class AbortController {
    readonly signal = new AbortSignal()

    abort(reason?: unknown): void {
      abort(this.signal, reason)
    }

    get [Symbol.toStringTag](): string {
      return 'AbortController'
    }
  }

  return { AbortController, AbortSignal }
}
