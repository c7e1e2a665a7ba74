import { AsyncResource } from 'node:async_hooks'
import { RpcError, retrySoon } from '../errors.ts'
import { currentBehalf } from '../fairness/behalf.ts'
import type { RuntimeState } from './runtimes.ts'
import { createScheduler } from './scheduler.ts'
import { failed, type ScriptOutcome, type ScriptRun, type SyntaxFault } from './script.ts'
import type { ScriptThread } from './script-thread.ts'
import { checkInThread, runInThread } from './task.ts'
import type { Turn } from './turn.ts'

export type { RuntimeState } from './runtimes.ts'
export * from './script.ts'
export type { Share } from './share.ts'

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
  readonly counts: () => SandboxCounts
  /** Ends all threads; what runs or waits ends as script_cancelled. */
  readonly close: () => Promise<void>
}

/** Runs of this moment. */
export interface SandboxCounts {
  readonly computing: number
  /** Begun, and waiting for something or for their turn. */
  readonly waiting: number
  readonly queued: number
}

export interface SandboxOptions {
  /** Runs that compute at once. */
  readonly threads: number
  /** Runs under way at once, each with a thread of its own, those that wait included; 24 unless given. */
  readonly runs?: number
  /** Runs of one worker that may wait to begin; of an owner twice as many. 500 unless given. */
  readonly maxQueued?: number
}

/** How long a thread stays after a check. */
const checkIdleMs = 30_000

/** No worker has this name. */
const checks = '\u0000check'

/**
 * Starts no thread before the first run. A run computes in its turn, of which there are as many as `threads`, and gives
 * it back whenever it waits for a timer or the host; its thread, and all that is in it, remains its own.
 */
export function createSandbox({ threads, runs = 24, maxQueued = 500 }: SandboxOptions): Sandbox {
  const scheduler = createScheduler({ maxTurns: threads, maxRuns: Math.max(runs, threads), maxQueued })

  function run(run: ScriptRun): Promise<ScriptOutcome> {
    const { promise, resolve } = Promise.withResolvers<ScriptOutcome>()
    const { name, share, depth, signal } = run
    let leaveQueue = (): void => undefined

    async function start(thread: ScriptThread, turn: Turn): Promise<void> {
      signal?.removeEventListener('abort', withdraw)
      settle(await runInThread(thread, run, turn))
    }

    function settle(outcome: ScriptOutcome): void {
      signal?.removeEventListener('abort', withdraw)
      resolve(outcome)
    }

    function withdraw(): void {
      leaveQueue()
      settle(failed('script_cancelled', 'it was cancelled'))
    }

    if (signal?.aborted) withdraw()
    else {
      signal?.addEventListener('abort', withdraw, { once: true })
      // The run that makes a turn free is not the one it is for.
      const startHere = AsyncResource.bind(start)
      leaveQueue = scheduler.enqueue({
        name,
        idleMs: run.idleMs,
        share,
        depth,
        start: startHere,
        refuse: settle,
      })
    }
    return promise
  }

  function check(source: string): Promise<SyntaxFault | undefined> {
    const { promise, resolve, reject } = Promise.withResolvers<SyntaxFault | undefined>()
    scheduler.enqueue({
      name: undefined,
      idleMs: checkIdleMs,
      share: { owner: currentBehalf() ?? '', worker: checks },
      depth: 0,
      start: thread => resolve(checkInThread(thread, source)),
      refuse: () => reject(busy()),
    })
    return promise
  }

  const { runtimes, counts, close } = scheduler
  return { run, check, runtimes, counts, close }
}

function busy(): RpcError {
  return new RpcError('sandbox_busy', 'Too many scripts are waiting', retrySoon, 'busy')
}
