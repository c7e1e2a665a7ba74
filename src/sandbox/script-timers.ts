/** Timers a script may have waiting at once. */
export const maxTimers = 1000

const longestDelay = 2 ** 31 - 1

/** The timers of one run; `fire` is called with the id of each that is due. */
export interface ScriptTimers {
  /** Throws RangeError when too many wait already. */
  readonly set: (id: number, delayMs: number) => void
  readonly clear: (id: number) => void
  readonly clearAll: () => void
  readonly count: () => number
}

export function createScriptTimers(fire: (id: number) => void): ScriptTimers {
  const timers = new Map<number, NodeJS.Timeout>()

  function set(id: number, delayMs: number): void {
    if (timers.size >= maxTimers) throw new RangeError(`more than ${maxTimers} timers at once`)
    const delay = Number.isNaN(delayMs) ? 0 : Math.min(Math.max(delayMs, 0), longestDelay)
    const due = () => {
      timers.delete(id)
      fire(id)
    }
    timers.set(id, setTimeout(due, delay))
  }

  function clear(id: number): void {
    clearTimeout(timers.get(id))
    timers.delete(id)
  }

  function clearAll(): void {
    for (const timer of timers.values()) clearTimeout(timer)
    timers.clear()
  }

  return { set, clear, clearAll, count: () => timers.size }
}
