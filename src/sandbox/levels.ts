import { createSandbox, type RuntimeState, type Sandbox, type SandboxOptions } from './sandbox.ts'

/**
 * Sandboxes for runs that wait for other runs. A run of one level waits only for runs of the next, which have threads
 * of their own: otherwise runs that hold every thread could wait for ever for one of those threads.
 */
export interface SandboxLevels extends Sandbox {
  /** Level 0 is this sandbox itself. */
  readonly at: (level: number) => Sandbox
}

/** Deeper levels start no thread before their first run, and have half as many. */
export function createSandboxLevels(options: SandboxOptions): SandboxLevels {
  const first = createSandbox(options)
  const levels: Sandbox[] = [first]
  let isClosed = false

  function at(level: number): Sandbox {
    const found = levels[level]
    if (found !== undefined) return found
    if (isClosed) return first
    const added = createSandbox({ ...options, threads: Math.ceil(options.threads / 2) })
    levels[level] = added
    return added
  }

  return {
    run: first.run,
    check: first.check,
    runtimes: () => merge(Object.values(levels).flatMap(level => level.runtimes())),
    at,
    async close() {
      isClosed = true
      await Promise.all(Object.values(levels).map(level => level.close()))
    },
  }
}

/** One for each script; the last used first. */
function merge(states: readonly RuntimeState[]): readonly RuntimeState[] {
  const byName = new Map<string, RuntimeState>()
  for (const state of states) {
    const known = byName.get(state.script_name)
    byName.set(state.script_name, known === undefined ? state : both(known, state))
  }
  return [...byName.values()].sort((a, b) => a.idle_ms - b.idle_ms)
}

function both(a: RuntimeState, b: RuntimeState): RuntimeState {
  return {
    script_name: a.script_name,
    active_requests: a.active_requests + b.active_requests,
    last_used_ms: Math.max(a.last_used_ms, b.last_used_ms),
    idle_ms: Math.min(a.idle_ms, b.idle_ms),
    runtime_clean_time_ms: Math.max(a.runtime_clean_time_ms, b.runtime_clean_time_ms),
  }
}
