import { Worker } from 'node:worker_threads'
import type { FromThread, ThreadData, ToThread } from './message.ts'
import { failed, type ScriptOutcome } from './script.ts'

/** What a thread is at work on. */
export interface Task {
  /** What the thread sends while it is at this task; true from the last message of it. */
  readonly onMessage: (message: FromThread) => boolean
  /** The thread is gone, and this is why. */
  readonly onLost: (outcome: ScriptOutcome) => void
}

/** A worker thread that is at one task at a time. It starts busy, and tells with `onReady` when it is not. */
export interface ScriptThread {
  readonly isReady: () => boolean
  /** True until it is ready for the first time. */
  readonly isStarting: () => boolean
  /** Only when it is ready. The thread is ended as `late` when the task takes longer than `limitMs`. */
  readonly begin: (task: Task, message: ToThread, limitMs: number, late: ScriptOutcome) => void
  /** Stops the clock of `task`, until it proceeds. */
  readonly pause: (task: Task) => void
  readonly proceed: (task: Task) => void
  /** Sends more of `task`, which may be over by now. */
  readonly post: (task: Task, message: ToThread) => void
  /** Stops `task` at its next breath, and ends the thread as `late` when that takes too long. */
  readonly cancel: (task: Task, late: ScriptOutcome) => void
  /** Ends the thread; its task is lost as `outcome`. */
  readonly end: (outcome: ScriptOutcome) => Promise<void>
}

export interface ScriptThreadOptions {
  readonly module: WebAssembly.Module
  readonly onReady: () => void
  /** Called once when the thread is gone, by itself or not; true when it never was ready. */
  readonly onEnd: (stillborn: boolean) => void
}

/** How long a cancelled task, and the cleaning after any, may take. */
const endingMs = 500

// From sources it is the .ts beside this file, from dist the .js.
const threadFile = new URL(`./thread${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url)

export function startScriptThread({ module, onReady, onEnd }: ScriptThreadOptions): ScriptThread {
  const cancelled = new Int32Array(new SharedArrayBuffer(4))
  const worker = startWorker({ module, cancelled })
  let ready = false
  let stillborn = true
  let lost: ScriptOutcome | undefined
  let task: Task | undefined
  const clock = createTaskClock(late => {
    lose(late)
    worker.terminate()
  })

  worker.on('message', (message: FromThread) => {
    if (lost !== undefined) return
    if (message.kind === 'ready') return becomeReady()
    if (task?.onMessage(message) !== true) return
    task = undefined
    if (message.kind === 'outcome' && message.isReady) becomeReady()
    else clock.end(failed('script_crashed', 'its thread did not come back'))
  })
  worker.on('error', error => lose(outcomeOfError(error)))
  worker.on('exit', () => {
    lose(failed('script_crashed', 'its thread ended'))
    onEnd(stillborn)
  })

  function becomeReady(): void {
    clock.stop()
    ready = true
    stillborn = false
    onReady()
  }

  function lose(outcome: ScriptOutcome): void {
    lost ??= outcome
    ready = false
    clock.stop()
    const lostTask = task
    task = undefined
    lostTask?.onLost(lost)
  }

  function begin(next: Task, message: ToThread, limitMs: number, late: ScriptOutcome): void {
    ready = false
    task = next
    Atomics.store(cancelled, 0, 0)
    worker.postMessage(message)
    clock.start(limitMs, late)
  }

  function cancel(of: Task, late: ScriptOutcome): void {
    if (task !== of) return
    Atomics.store(cancelled, 0, 1)
    worker.postMessage({ kind: 'cancel' } satisfies ToThread)
    clock.end(late)
  }

  return {
    isReady: () => ready,
    isStarting: () => stillborn,
    begin,
    pause: of => {
      if (task === of) clock.pause()
    },
    proceed: of => {
      if (task === of) clock.proceed()
    },
    post: (of, message) => {
      if (task === of) worker.postMessage(message)
    },
    cancel,
    end: async outcome => {
      lose(outcome)
      await worker.terminate()
    },
  }
}

/** The time of one task after the other; `kill` is called when it is over. */
function createTaskClock(kill: (late: ScriptOutcome) => void) {
  let timer: NodeJS.Timeout | undefined
  /** Undefined once the task is told to end. */
  let time: { readonly late: ScriptOutcome; endsAt: number; leftMs: number } | undefined

  function killAfter(ms: number, late: ScriptOutcome): void {
    clearTimeout(timer)
    timer = setTimeout(() => {
      // The answer may lie in the queue of a main thread that was late itself: one more turn of its loop reads it.
      timer = setTimeout(() => kill(late), 1)
    }, ms)
  }

  return {
    start(ms: number, late: ScriptOutcome): void {
      time = { late, endsAt: performance.now() + ms, leftMs: ms }
      killAfter(ms, late)
    },
    pause(): void {
      if (time === undefined) return
      clearTimeout(timer)
      time.leftMs = Math.max(time.endsAt - performance.now(), 0)
    },
    proceed(): void {
      if (time === undefined) return
      time.endsAt = performance.now() + time.leftMs
      killAfter(time.leftMs, time.late)
    },
    /** What is left may take a moment, and cannot be paused. */
    end(late: ScriptOutcome): void {
      time = undefined
      killAfter(endingMs, late)
    },
    stop(): void {
      time = undefined
      clearTimeout(timer)
    },
  }
}

function startWorker(data: ThreadData): Worker {
  const worker = new Worker(threadFile, {
    name: 'script',
    workerData: data,
    // Nothing of the server's environment is in the thread, and nothing it prints reaches the log.
    env: {},
    execArgv: [],
    stdout: true,
    stderr: true,
    // QuickJS counts its own stack; the thread's must be the larger by far, or the engine breaks off midway.
    resourceLimits: { stackSizeMb: 64, maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 16 },
  })
  worker.stdout.resume()
  worker.stderr.resume()
  return worker
}

function outcomeOfError(error: unknown): ScriptOutcome {
  const { code } = Object(error) as { code?: unknown }
  if (code === 'ERR_WORKER_OUT_OF_MEMORY') {
    return failed('script_out_of_memory', 'its thread used more memory than it may')
  }
  return failed('script_crashed', 'its thread failed')
}
