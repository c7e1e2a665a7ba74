import type { ScriptThread } from './script-thread.ts'

/** A thread as the pool's callers see it: whose script it is warm for. */
export interface RuntimeState {
  readonly script_name: string
  readonly active_requests: number
  /** When its last run began or ended, epoch milliseconds. */
  readonly last_used_ms: number
  /** Milliseconds since then. */
  readonly idle_ms: number
  readonly runtime_clean_time_ms: number
}

interface Runtime {
  /** Undefined when the thread was last used for a check. */
  readonly name: string | undefined
  readonly idleMs: number
  readonly active: boolean
  readonly usedAt: number
}

/** Which thread is warm for which script. */
export function createRuntimes() {
  const runtimes = new Map<ScriptThread, Runtime>()
  const timers = new Map<ScriptThread, NodeJS.Timeout>()

  function keep(thread: ScriptThread, runtime: Runtime): void {
    clearTimeout(timers.get(thread))
    timers.delete(thread)
    runtimes.set(thread, runtime)
  }

  /** `drop` is called when nothing has used the thread for its script's idle time. */
  function ended(thread: ScriptThread, drop: () => void): void {
    const runtime = runtimes.get(thread)
    if (runtime === undefined) return
    keep(thread, { ...runtime, active: false, usedAt: performance.now() })
    timers.set(thread, setTimeout(drop, runtime.idleMs))
  }

  function forget(thread: ScriptThread): void {
    clearTimeout(timers.get(thread))
    timers.delete(thread)
    runtimes.delete(thread)
  }

  /** One for each script, however many threads it has; the last used first. */
  function list(): readonly RuntimeState[] {
    const now = performance.now()
    const byName = new Map<string, RuntimeState>()
    for (const { name, idleMs, active, usedAt } of runtimes.values()) {
      if (name === undefined) continue
      const known = byName.get(name)
      byName.set(name, {
        script_name: name,
        active_requests: (known?.active_requests ?? 0) + (active ? 1 : 0),
        last_used_ms: Math.max(known?.last_used_ms ?? 0, Math.round(performance.timeOrigin + usedAt)),
        idle_ms: Math.min(known?.idle_ms ?? Number.POSITIVE_INFINITY, Math.round(now - usedAt)),
        runtime_clean_time_ms: Math.max(known?.runtime_clean_time_ms ?? 0, idleMs),
      })
    }
    return [...byName.values()].sort((a, b) => a.idle_ms - b.idle_ms)
  }

  return {
    started: (thread: ScriptThread, name: string | undefined, idleMs: number) =>
      keep(thread, { name, idleMs, active: true, usedAt: performance.now() }),
    ended,
    forget,
    nameOf: (thread: ScriptThread) => runtimes.get(thread)?.name,
    usedAt: (thread: ScriptThread) => runtimes.get(thread)?.usedAt ?? 0,
    list,
  }
}
