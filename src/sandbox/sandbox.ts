import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { RpcError } from '../errors.ts'
import { checkInThread } from './check-task.ts'
import { withTable } from './rejections.ts'
import { runInThread } from './run-task.ts'
import { createRuntimes, type RuntimeState } from './runtimes.ts'
import { failed, type ScriptOutcome, type ScriptRun, type SyntaxFault } from './script.ts'
import { type ScriptThread, startScriptThread } from './script-thread.ts'

export type { RuntimeState } from './runtimes.ts'
export * from './script.ts'

/** Runs scripts that nobody trusts, each in a fresh QuickJS context inside a worker thread. */
export interface Sandbox {
  /** Never rejects: whatever goes wrong is a failed outcome. */
  readonly run: (run: ScriptRun) => Promise<ScriptOutcome>
  /**
   * Compiles a source without running it: undefined when it compiles. Whether there is a default export is
   * known only by running. Throws RpcError 110 when too much is queued or the sandbox is closed.
   */
  readonly check: (source: string) => Promise<SyntaxFault | undefined>
  /** The scripts that threads are warm for. */
  readonly runtimes: () => readonly RuntimeState[]
  /** Ends all threads; what runs or waits ends as script_cancelled. */
  readonly close: () => Promise<void>
}

export interface SandboxOptions {
  readonly threads: number
  /** Runs and checks that may wait for a thread; 1000 unless given. */
  readonly maxQueued?: number
}

interface Job {
  /** The script that a warm thread is wanted for; undefined for a check. */
  readonly name: string | undefined
  readonly start: (thread: ScriptThread) => void
  readonly refuse: (outcome: ScriptOutcome) => void
}

/** A thread's start takes the main thread some milliseconds, so eight at once would be felt. */
const maxStarting = 2

/** How long a thread stays after a check. */
const checkIdleMs = 30_000

const closed = failed('script_cancelled', 'the sandbox was closed')

/** Starts no thread before the first run. */
export function createSandbox({ threads: maxThreads, maxQueued = 1000 }: SandboxOptions): Sandbox {
  const threads = new Set<ScriptThread>()
  const runtimes = createRuntimes()
  const queue: Job[] = []
  let module: WebAssembly.Module | undefined
  let isLoading = false
  let isClosed = false

  function enqueue(job: Job): void {
    if (isClosed) job.refuse(closed)
    else if (queue.length >= maxQueued) job.refuse(failed('sandbox_busy', `${maxQueued} runs wait already`))
    else {
      queue.push(job)
      dispatch()
    }
  }

  function dispatch(): void {
    for (;;) {
      const [job] = queue
      if (job === undefined) return
      const thread = chooseThread(job.name)
      if (thread === undefined) break
      queue.shift()
      job.start(thread)
    }
    if (module !== undefined) startThreads(module)
    else if (!isLoading) {
      isLoading = true
      load()
    }
  }

  /** One that is warm for the script, else one that is for none, else (when no more can be started) the longest idle. */
  function chooseThread(name: string | undefined): ScriptThread | undefined {
    const ready = [...threads].filter(thread => thread.isReady())
    const warm = ready.find(thread => runtimes.nameOf(thread) === name)
    if (warm !== undefined) return warm
    const free = ready.find(thread => runtimes.nameOf(thread) === undefined)
    if (free !== undefined || threads.size < maxThreads) return free
    return ready.sort((a, b) => runtimes.usedAt(a) - runtimes.usedAt(b))[0]
  }

  async function load(): Promise<void> {
    try {
      module = await loadModule()
    } catch {
      for (const job of queue.splice(0))
        job.refuse(failed('script_crashed', 'the engine could not be loaded'))
    } finally {
      isLoading = false
    }
    dispatch()
  }

  function startThreads(module: WebAssembly.Module): void {
    const starting = [...threads].filter(thread => thread.isStarting()).length
    const wanted = Math.min(queue.length, maxStarting, maxThreads - threads.size + starting)
    for (let i = starting; i < wanted; i++) startThread(module)
  }

  function startThread(module: WebAssembly.Module): void {
    const thread = startScriptThread({
      module,
      onReady: dispatch,
      onEnd: stillborn => {
        threads.delete(thread)
        runtimes.forget(thread)
        // Otherwise a thread that cannot start would be started again for ever.
        if (stillborn) refuseFirst()
        dispatch()
      },
    })
    threads.add(thread)
  }

  function refuseFirst(): void {
    queue.shift()?.refuse(failed('script_crashed', 'no thread could be started'))
  }

  function run(run: ScriptRun): Promise<ScriptOutcome> {
    const { promise, resolve } = Promise.withResolvers<ScriptOutcome>()
    const job: Job = { name: run.name, start, refuse: settle }

    async function start(thread: ScriptThread): Promise<void> {
      run.signal?.removeEventListener('abort', withdraw)
      runtimes.started(thread, run.name, run.idleMs)
      const outcome = await runInThread(thread, run)
      runtimes.ended(thread, () => drop(thread))
      settle(outcome)
    }

    function settle(outcome: ScriptOutcome): void {
      run.signal?.removeEventListener('abort', withdraw)
      resolve(outcome)
    }

    function withdraw(): void {
      const at = queue.indexOf(job)
      if (at !== -1) queue.splice(at, 1)
      settle(failed('script_cancelled', 'it was cancelled'))
    }

    if (run.signal?.aborted) withdraw()
    else {
      run.signal?.addEventListener('abort', withdraw, { once: true })
      enqueue(job)
    }
    return promise
  }

  function check(source: string): Promise<SyntaxFault | undefined> {
    const { promise, resolve, reject } = Promise.withResolvers<SyntaxFault | undefined>()
    enqueue({
      name: undefined,
      start,
      refuse: () => reject(busy()),
    })

    async function start(thread: ScriptThread): Promise<void> {
      runtimes.started(thread, undefined, checkIdleMs)
      const fault = await checkInThread(thread, source)
      runtimes.ended(thread, () => drop(thread))
      resolve(fault)
    }
    return promise
  }

  function drop(thread: ScriptThread): void {
    runtimes.forget(thread)
    thread.end(closed)
  }

  async function close(): Promise<void> {
    isClosed = true
    for (const job of queue.splice(0)) job.refuse(closed)
    for (const thread of threads) runtimes.forget(thread)
    await Promise.all([...threads].map(thread => thread.end(closed)))
  }

  return { run, check, runtimes: runtimes.list, close }
}

function busy(): RpcError {
  return new RpcError('busy', 'Too many scripts are waiting', { reason: 'sandbox_busy', retryable: true })
}

async function loadModule(): Promise<WebAssembly.Module> {
  const file = createRequire(import.meta.url).resolve('@jitl/quickjs-wasmfile-release-sync/wasm')
  return WebAssembly.compile(withTable(await readFile(file)))
}
