import { pause } from '../async/pause.ts'
import type { Reason } from '../errors.ts'
import { isPassing } from './backoff.ts'
import { DaybookError } from './error.ts'
import type { Task } from './event.ts'
import type { Call } from './methods.ts'

/** A task that is kept from other workers. */
export interface Lease {
  /** Aborted when the task is cancelled or no longer held. */
  readonly signal: AbortSignal
  /** Whether the server says that the task is no longer ours. */
  isTaken(): boolean
  /** Call it when the task has ended. */
  end(): Promise<void>
}

export interface LeaseOptions {
  readonly call: Call
  readonly leaseMs: number
  /** The name of the worker. */
  readonly worker: string | undefined
  readonly onFault: (fault: unknown, task: Task) => void
}

/** Keeps a newly claimed task with a heartbeat after every third of its lease. */
export function keepLease(task: Task, { call, leaseMs, worker, onFault }: LeaseOptions): Lease {
  const over = new AbortController()
  const stopWork = new AbortController()
  const beatMs = Math.floor(leaseMs / 3)
  let isTaken = false
  // By the local clock: the server's may differ.
  let heldUntil = performance.now() + leaseMs

  async function beat(): Promise<'kept' | 'missed' | 'over'> {
    const asked = performance.now()
    try {
      const params = { id: task.id, attempt: task.attempt, lease_ms: leaseMs, worker }
      const { cancelled } = await call('event-task_heartbeat', params, { timeoutMs: beatMs })
      heldUntil = asked + leaseMs
      if (!cancelled) return 'kept'
      stopWork.abort(new Error('the task was cancelled'))
      return 'over'
    } catch (fault) {
      // The end of the task may have been reported meanwhile.
      if (over.signal.aborted) return 'over'
      onFault(fault, task)
      isTaken = isLeaseLost(fault)
      if (!isTaken && isPassing(fault) && performance.now() < heldUntil) return 'missed'
      stopWork.abort(new Error('the task is no longer held', { cause: fault }))
      return 'over'
    }
  }

  async function live(): Promise<void> {
    let wait = beatMs
    for (;;) {
      await pause(Math.max(0, Math.min(wait, heldUntil - performance.now())), over.signal)
      if (over.signal.aborted) return
      const state = await beat()
      if (state === 'over') return
      // The server may be back soon, and the lease is running out.
      wait = state === 'kept' ? beatMs : beatMs / 4
    }
  }

  const living = live()
  return {
    signal: stopWork.signal,
    isTaken: () => isTaken,
    end() {
      over.abort()
      return living
    },
  }
}

/** Whether the task belongs to another attempt, or to none. */
export function isLeaseLost(fault: unknown): boolean {
  return fault instanceof DaybookError && fault.reason === ('lease_lost' satisfies Reason)
}
