import { Worker } from 'node:worker_threads'
import type { FromThread, ThreadData, ToThread } from './message.ts'
import { failed, type ScriptOutcome } from './script.ts'

/** What a thread works on. */
export interface Task {
  /** Takes what the thread sends while it is at this task; true from the last message. */
  readonly onMessage: (message: FromThread) => boolean
  /** The thread is gone, and this is why. */
  readonly onLost: (outcome: ScriptOutcome) => void
}

export type ScriptThread = ReturnType<typeof startScriptThread>

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

/** A worker thread that does one task at a time. It starts busy, and tells with `onReady` when it is not. */
export function startScriptThread({ module, onReady, onEnd }: ScriptThreadOptions) {
  const cancelled = new Int32Array(new SharedArrayBuffer(4))
  const worker = startWorker({ module, cancelled })
  let ready = false
  let stillborn = true
  let lost: ScriptOutcome | undefined
  let task: Task | undefined
  const clock = createTaskClock(end)

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

  /** Only when it is ready. The thread is ended as `late` when the task takes longer than `limitMs`. */
  function begin(next: Task, message: ToThread, limitMs: number, late: ScriptOutcome): void {
    ready = false
    task = next
    Atomics.store(cancelled, 0, 0)
    worker.postMessage(message)
    clock.start(limitMs, late)
  }

  /** Stops `task` at its next interrupt, and ends the thread as `late` when that takes too long. */
  function cancel(of: Task, late: ScriptOutcome): void {
    if (task !== of) return
    Atomics.store(cancelled, 0, 1)
    worker.postMessage({ kind: 'cancel' } satisfies ToThread)
    clock.end(late)
  }

  /** Ends the thread; its task is lost as `outcome`. */
  async function end(outcome: ScriptOutcome): Promise<void> {
    lose(outcome)
    await worker.terminate()
  }

  return {
    isReady: () => ready,
    /** True until it is ready for the first time. */
    isStarting: () => stillborn,
    begin,
    /** Stops the clock of `task`, until it proceeds. */
    pause: (of: Task) => void (task === of && clock.pause()),
    proceed: (of: Task) => void (task === of && clock.proceed()),
    /** Sends more of `task`, which may be over by now. */
    post: (of: Task, message: ToThread) => {
      if (task === of) worker.postMessage(message)
    },
    cancel,
    end,
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
    // QuickJS counts its own stack; the thread's must be the larger by far, or QuickJS breaks off midway.
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
