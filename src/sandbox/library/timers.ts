import type { Kit } from './kit.ts'

/** setTimeout, setInterval and queueMicrotask. */
export function timerLibrary({ host, fail }: Kit) {
  type Callback = (...args: unknown[]) => unknown
  interface Timer {
    readonly callback: Callback
    readonly args: readonly unknown[]
    /** Of a timer that fires again and again. */
    readonly everyMs: number | undefined
  }
  const timers = new Map<unknown, Timer>()
  let lastId = 0

  function add(callback: unknown, delay: unknown, args: readonly unknown[], isRepeated: boolean): number {
    if (typeof callback !== 'function') throw new TypeError('a timer needs a function')
    const ms = Number(delay ?? 0)
    lastId += 1
    host('timer', lastId, ms)
    timers.set(lastId, { callback: callback as Callback, args, everyMs: isRepeated ? ms : undefined })
    return lastId
  }

  function clear(id: unknown): void {
    if (timers.delete(id)) host('clear', id as number)
  }

  /** Called by the host when a timer is due. */
  function fire(id: number): void {
    const timer = timers.get(id)
    if (timer === undefined) return
    if (timer.everyMs === undefined) timers.delete(id)
    else host('timer', id, timer.everyMs)
    try {
      timer.callback(...timer.args)
    } catch (error) {
      fail(error)
    }
  }

  function queueMicrotask(callback: unknown): void {
    if (typeof callback !== 'function') throw new TypeError('queueMicrotask needs a function')
    // What it throws becomes an unhandled rejection.
    Promise.resolve().then(() => void callback())
  }

  return {
    setTimeout: (callback: unknown, delay?: unknown, ...args: unknown[]) => add(callback, delay, args, false),
    setInterval: (callback: unknown, delay?: unknown, ...args: unknown[]) => add(callback, delay, args, true),
    clearTimeout: clear,
    clearInterval: clear,
    queueMicrotask,
    fire,
  }
}
