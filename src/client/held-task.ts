import { createBackoff, isPassing } from './backoff.ts'
import type { Task } from './event.ts'
import { isLeaseLost, keepLease } from './lease.ts'
import type { Call } from './methods.ts'
import { pause } from './pause.ts'
import { failureMessage, TaskFailure } from './task-failure.ts'

export interface TaskContext {
  /** Aborted when the task is cancelled, or when another worker may have it: stop, nobody waits for the result. */
  readonly signal: AbortSignal
}

/** Does a task; what it returns is the result, what it throws is why it failed (see TaskFailure). */
export type Work = (task: Task, context: TaskContext) => unknown

export interface Holding {
  readonly call: Call
  readonly work: Work
  readonly leaseMs: number
  /** The name of the worker. */
  readonly worker?: string
  readonly onFault: (fault: unknown, task: Task) => void
}

/** Does a task that was claimed just now and reports how it ended. Faults go to `onFault`; it never throws. */
export async function holdTask(task: Task, holding: Holding): Promise<void> {
  const lease = keepLease(task, holding)
  const outcome = await carryOut(task, holding.work, lease.signal)
  if (!lease.isTaken()) await report(task, outcome, holding)
  await lease.end()
}

type Outcome =
  | { readonly kind: 'done'; readonly result: unknown }
  | { readonly kind: 'failed'; readonly message: string; readonly retry: boolean }

async function carryOut(task: Task, work: Work, signal: AbortSignal): Promise<Outcome> {
  try {
    return { kind: 'done', result: await work(task, { signal }) }
  } catch (error) {
    const retry = !(error instanceof TaskFailure) || error.retry
    return { kind: 'failed', message: failureMessage(error), retry }
  }
}

/**
 * Tells the server how the task ended, for another lease if it does not answer: the attempt number keeps a late
 * report from doing harm.
 */
async function report(task: Task, outcome: Outcome, holding: Holding): Promise<void> {
  const { call, leaseMs, onFault } = holding
  const backoff = createBackoff()
  const until = performance.now() + leaseMs
  for (;;) {
    try {
      await tell(call, task, outcome)
      return
    } catch (fault) {
      onFault(fault, task)
      if (isLeaseLost(fault)) return
      if (!isPassing(fault)) {
        if (outcome.kind === 'failed') return
        // Not told, the task would be done again, with a result that is refused again.
        const message = `result_refused: ${failureMessage(fault)}`
        return report(task, { kind: 'failed', message, retry: false }, holding)
      }
      const wait = backoff.next(fault)
      if (performance.now() + wait > until) return
      await pause(wait)
    }
  }
}

function tell(call: Call, { id, attempt }: Task, outcome: Outcome): Promise<unknown> {
  if (outcome.kind === 'done') return call('event-task_complete', { id, attempt, result: outcome.result })
  const { message, retry } = outcome
  return call('event-task_fail', { id, attempt, error_message: message, retry })
}
