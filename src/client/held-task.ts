import { pause } from '../async/pause.ts'
import { storableText } from '../json.ts'
import { createBackoff, isPassing } from './backoff.ts'
import type { Task } from './event.ts'
import { isLeaseLost, keepLease, type LeaseOptions } from './lease.ts'
import type { Call } from './methods.ts'

export interface TaskContext {
  /** Aborted when the task is cancelled or may belong to another worker: stop, the result is no longer wanted. */
  readonly signal: AbortSignal
}

/** Does a task: returns its result, or throws why it failed (see TaskFailure). */
export type Work = (task: Task, context: TaskContext) => unknown

/** Throw it from the work of a task to say whether to try again; after any other error the task is tried again. */
export class TaskFailure extends Error {
  /** Whether to try again, as often as the handler allows. */
  readonly retry: boolean

  constructor(message: string, options: { readonly retry: boolean }) {
    super(message)
    this.name = 'TaskFailure'
    this.retry = options.retry
  }
}

export interface HoldOptions extends LeaseOptions {
  readonly work: Work
}

/** Does a newly claimed task and reports how it ended. Faults go to `onFault`; never throws. */
export async function holdTask(task: Task, options: HoldOptions): Promise<void> {
  const lease = keepLease(task, options)
  const ending = await carryOut(task, options.work, lease.signal)
  if (!lease.isTaken()) await report(task, ending, options)
  await lease.end()
}

type Ending =
  | { readonly kind: 'done'; readonly result: unknown }
  | { readonly kind: 'failed'; readonly message: string; readonly retry: boolean }

async function carryOut(task: Task, work: Work, signal: AbortSignal): Promise<Ending> {
  try {
    return { kind: 'done', result: await work(task, { signal }) }
  } catch (error) {
    const retry = !(error instanceof TaskFailure) || error.retry
    return { kind: 'failed', message: failureMessage(error), retry }
  }
}

/**
 * Tells the server how the task ended; keeps trying for the length of a lease. The attempt number keeps a late report
 * from doing harm.
 */
async function report(task: Task, ending: Ending, options: HoldOptions): Promise<void> {
  const { call, leaseMs, onFault } = options
  const backoff = createBackoff()
  const until = performance.now() + leaseMs
  for (;;) {
    try {
      await tell(call, task, ending)
      return
    } catch (fault) {
      onFault(fault, task)
      if (isLeaseLost(fault)) return
      if (!isPassing(fault)) {
        if (ending.kind === 'failed') return
        // Unreported, the task would be done again, and its result refused again.
        const message = `result_refused: ${failureMessage(fault)}`
        return report(task, { kind: 'failed', message, retry: false }, options)
      }
      const wait = backoff.next(fault)
      if (performance.now() + wait > until) return
      await pause(wait)
    }
  }
}

function tell(call: Call, { id, attempt }: Task, ending: Ending): Promise<unknown> {
  if (ending.kind === 'done') return call('event-task_complete', { id, attempt, result: ending.result })
  const { message, retry } = ending
  return call('event-task_fail', { id, attempt, error_message: message, retry })
}

const longestMessage = 16_000

/** The error message of the record for an error that the work threw. */
function failureMessage(error: unknown): string {
  const text = error instanceof TaskFailure ? error.message : describe(error)
  // The server would refuse a longer or unstorable text, and the task would stay open.
  return storableText(text.slice(0, longestMessage)) || 'failed'
}

function describe(error: unknown): string {
  if (error instanceof Error) return error.message === '' ? error.name : `${error.name}: ${error.message}`
  return typeof error === 'object' ? 'an object was thrown' : String(error)
}
