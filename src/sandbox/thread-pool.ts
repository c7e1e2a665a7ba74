import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { withTable } from './rejections.ts'
import { createRuntimes, type RuntimeState } from './runtimes.ts'
import { failed } from './script.ts'
import { type ScriptThread, startScriptThread } from './script-thread.ts'

/** Threads that do one task at a time, and the script that each is warm for. */
export interface ThreadPool {
  /** Whether one is ready that `take` would give to a script rather than have another one started. */
  readonly hasFor: (name: string) => boolean
  /** One that is ready: warm for the script, else for none, else the longest idle. Undefined for `name`: for a check. */
  readonly take: (name: string | undefined, idleMs: number) => ScriptThread | undefined
  /** Its task is over; it stays warm for the idle time. */
  readonly giveBack: (thread: ScriptThread) => void
  /** Starts threads for this many jobs that wait for one. */
  readonly startFor: (waiting: number) => void
  /** Ends threads that are idle, but for some that stay warm: each holds memory. */
  readonly dropIdle: () => void
  readonly runtimes: () => readonly RuntimeState[]
  readonly close: () => Promise<void>
}

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

/** Starts no thread before it is asked to. */
export function createThreadPool({ warm, onFree, onFault }: ThreadPoolOptions): ThreadPool {
  const threads = new Set<ScriptThread>()
  const runtimes = createRuntimes()
  let isLoading = false
  let module: WebAssembly.Module | undefined

  /** The longest idle first. */
  function ready(): ScriptThread[] {
    const found = [...threads].filter(thread => thread.isReady())
    return found.sort((a, b) => runtimes.usedAt(a) - runtimes.usedAt(b))
  }

  function hasFor(name: string): boolean {
    const found = ready()
    // Rather than cool a thread that is warm for another, a further one is started.
    if (threads.size >= warm && found.length > 0) return true
    return found.map(runtimes.nameOf).some(warmFor => warmFor === name || warmFor === undefined)
  }

  function take(name: string | undefined, idleMs: number): ScriptThread | undefined {
    const found = ready()
    const thread =
      found.find(each => runtimes.nameOf(each) === name) ??
      found.find(each => runtimes.nameOf(each) === undefined) ??
      found[0]
    if (thread !== undefined) runtimes.started(thread, name, idleMs)
    return thread
  }

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
    const thread = startScriptThread({
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
    threads.add(thread)
  }

  function drop(thread: ScriptThread): void {
    runtimes.forget(thread)
    thread.end(closed)
  }

  return {
    hasFor,
    take,
    giveBack: thread => runtimes.ended(thread, () => drop(thread)),
    startFor,
    dropIdle: () => {
      for (const thread of ready().slice(0, -warm * 2)) drop(thread)
    },
    runtimes: runtimes.list,
    async close() {
      for (const thread of threads) runtimes.forget(thread)
      await Promise.all([...threads].map(thread => thread.end(closed)))
    },
  }
}

async function loadModule(): Promise<WebAssembly.Module> {
  const file = createRequire(import.meta.url).resolve('@jitl/quickjs-wasmfile-release-sync/wasm')
  return WebAssembly.compile(withTable(await readFile(file)))
}
