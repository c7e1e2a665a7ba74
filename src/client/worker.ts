import { pause } from '../async/pause.ts'
import { createBackoff, isPassing } from './backoff.ts'
import type { Task } from './event.ts'
import { holdTask, type Work } from './held-task.ts'
import type { Call } from './methods.ts'

export interface WorkerSettings {
  /** The remote handlers whose work it does. */
  readonly fullNames: readonly string[]
  /** Its name in the list of machines, e.g. the host name; without one it is not listed. */
  readonly name?: string
  /** Tasks at the same time; 1 if absent. */
  readonly concurrency?: number
  /** How long the server leaves a task with a silent worker, in milliseconds; 30,000 if absent. */
  readonly leaseMs?: number
  /** Stops the worker when it is aborted. */
  readonly signal?: AbortSignal
  /** How long one claim waits for work, and an idle worker takes to stop at most; milliseconds, 5,000 if absent. */
  readonly pollMs?: number
  /** Called with each fault that is survived; without it they go unnoticed. */
  readonly onFault?: (fault: unknown, task?: Task) => void
}

export interface Worker {
  /**
   * Resolves when the worker was stopped and its last task has ended. Rejects with the DaybookError when the server
   * refuses what it asks for, e.g. because of an invalid credential or a deleted handler.
   */
  readonly done: Promise<void>
  /** Takes no more tasks and finishes the running ones; resolves or rejects as `done` does. */
  stop(): Promise<void>
}

/** The most tasks that one claim may ask for. */
const maxClaimed = 100

/** Starts a worker; `timeoutMs` is the longest wait for an answer, on top of what a claim may wait. Throws RangeError. */
export function startWorker(
  { call, timeoutMs }: { readonly call: Call; readonly timeoutMs: number },
  settings: WorkerSettings,
  work: Work,
): Worker {
  const { fullNames, name, concurrency = 1, leaseMs = 30_000, pollMs = 5000, onFault = ignore } = settings
  if (!Number.isInteger(concurrency) || concurrency < 1) {
    throw new RangeError(`concurrency: expected a whole number from 1, not ${concurrency}`)
  }
  const stopping = new AbortController()
  const signal = AbortSignal.any([stopping.signal, ...(settings.signal ? [settings.signal] : [])])
  const running = new Set<Promise<void>>()
  const backoff = createBackoff()

  // Never aborted: the server would hand the next task to a claim whose answer nobody reads.
  async function claim(max: number): Promise<readonly Task[]> {
    const params = { full_names: fullNames, max, lease_ms: leaseMs, wait_ms: pollMs, worker: name }
    const asked = performance.now()
    try {
      const { tasks } = await call('event-task_claim', params, { timeoutMs: timeoutMs + pollMs })
      // A server that is stopping answers at once: without a pause this would become a busy loop.
      if (tasks.length === 0 && performance.now() - asked < pollMs / 2) await pause(backoff.next(), signal)
      else backoff.reset()
      return tasks
    } catch (fault) {
      if (!isPassing(fault)) throw fault
      onFault(fault)
      await pause(backoff.next(fault), signal)
      return []
    }
  }

  function begin(task: Task): void {
    const run = holdTask(task, { call, work, leaseMs, onFault, worker: name }).finally(() =>
      running.delete(run),
    )
    running.add(run)
  }

  async function live(): Promise<void> {
    try {
      while (!signal.aborted) {
        const free = concurrency - running.size
        if (free === 0) await Promise.race(running)
        else for (const task of await claim(Math.min(free, maxClaimed))) begin(task)
      }
    } finally {
      await Promise.all(running)
    }
  }

  const done = live()
  return {
    done,
    stop() {
      stopping.abort()
      return done
    },
  }
}

function ignore(): void {}
