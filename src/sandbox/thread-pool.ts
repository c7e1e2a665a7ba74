import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { withTable } from './rejections.ts'
import { createRuntimes } from './runtimes.ts'
import { failed } from './script.ts'
import { type ScriptThread, startScriptThread } from './script-thread.ts'

export interface ThreadPoolOptions {
  /** Threads that are kept for scripts that differ; when idle, twice as many. */
  readonly warm: number
  /** A thread is ready, or is gone: in either case it has no task any more. */
  readonly onFree: (thread: ScriptThread) => void
  /** Why nothing could be started for one that waits, or for `all`. */
  readonly onFault: (why: string, all: boolean) => void
}

/** A thread's start takes the main thread some milliseconds, so eight at once would be felt. */
const maxStarting = 2

export const closed = failed('script_cancelled', 'the sandbox was closed')

/** Threads that do one task at a time, and the script that each is warm for. Starts none before it is asked to. */
export function createThreadPool({ warm, onFree, onFault }: ThreadPoolOptions) {
  const threads = new Set<ScriptThread>()
  const runtimes = createRuntimes()
  let isLoading = false
  let module: WebAssembly.Module | undefined

  /** The longest idle first. */
  function ready(): ScriptThread[] {
    const found = [...threads].filter(thread => thread.isReady())
    return found.sort((a, b) => runtimes.usedAt(a) - runtimes.usedAt(b))
  }

  /** Whether one is ready that `take` would give to a script rather than have another one started. */
  function hasFor(name: string): boolean {
    const found = ready()
    // Rather than cool a thread that is warm for another, a further one is started.
    if (threads.size >= warm && found.length > 0) return true
    return found.map(runtimes.nameOf).some(warmFor => warmFor === name || warmFor === undefined)
  }

  /** One that is ready: warm for the script, else for none, else the longest idle. Undefined for `name`: for a check. */
  function take(name: string | undefined, idleMs: number): ScriptThread | undefined {
    const found = ready()
    const warmFor = (wanted: string | undefined) => found.find(each => runtimes.nameOf(each) === wanted)
    const thread = warmFor(name) ?? warmFor(undefined) ?? found[0]
    if (thread !== undefined) runtimes.started(thread, name, idleMs)
    return thread
  }

  /** Starts threads for this many jobs that wait for one. */
  function startFor(waiting: number): void {
    const starting = [...threads].filter(thread => thread.isStarting()).length
    for (let i = starting; module && i < Math.min(waiting, maxStarting); i++) start(module)
    if (module === undefined && !isLoading) load(waiting)
  }

  async function load(waiting: number): Promise<void> {
    isLoading = true
    module = await loadModule().catch(() => undefined)
    isLoading = false
    if (module === undefined) onFault('the engine could not be loaded', true)
    else startFor(waiting)
  }

  function start(module: WebAssembly.Module): void {
    try {
      threads.add(startThread(module))
    } catch {
      // The system allows no more threads. Without any, all that waits would wait for ever.
      onFault('no thread could be started', threads.size === 0)
    }
  }

  function startThread(module: WebAssembly.Module): ScriptThread {
    const thread: ScriptThread = startScriptThread({
      module,
      onReady: () => onFree(thread),
      onEnd: stillborn => {
        threads.delete(thread)
        runtimes.forget(thread)
        // Otherwise a thread that cannot start would be started again for ever.
        if (stillborn) onFault('no thread could be started', false)
        onFree(thread)
      },
    })
    return thread
  }

  function drop(thread: ScriptThread): Promise<void> {
    runtimes.forget(thread)
    return thread.end(closed)
  }

  return {
    hasFor,
    take,
    /** Its task is over; it stays warm for the idle time. */
    giveBack: (thread: ScriptThread) => runtimes.ended(thread, () => drop(thread)),
    startFor,
    /** Ends threads that are idle, but for some that stay warm: each holds memory. */
    dropIdle: () => {
      for (const thread of ready().slice(0, -warm * 2)) drop(thread)
    },
    runtimes: runtimes.list,
    async close(): Promise<void> {
      await Promise.all([...threads].map(drop))
    },
  }
}

async function loadModule(): Promise<WebAssembly.Module> {
  const file = createRequire(import.meta.url).resolve('@jitl/quickjs-wasmfile-release-sync/wasm')
  return WebAssembly.compile(withTable(await readFile(file)))
}
