import { AsyncResource } from 'node:async_hooks'
import { RpcError } from '../errors.ts'
import { currentBehalf } from '../fairness/behalf.ts'
import { checkInThread } from './check-task.ts'
import { createRunQueue, type Place } from './run-queue.ts'
import { runInThread } from './run-task.ts'
import type { RuntimeState } from './runtimes.ts'
import { failed, type ScriptOutcome, type ScriptRun, type SyntaxFault } from './script.ts'
import type { ScriptThread } from './script-thread.ts'
import { createShares, type Share } from './share.ts'
import { closed, createThreadPool } from './thread-pool.ts'
import { type Entry, goesOn, type Turn, takeTurn } from './turn.ts'

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

interface Job {
  /** The script that a warm thread is wanted for; undefined for a check. */
  readonly name: string | undefined
  readonly idleMs: number
  readonly share: Share
  readonly depth: number
  readonly start: (thread: ScriptThread, turn: Turn) => void
  readonly refuse: (outcome: ScriptOutcome) => void
}

/** How long a thread stays after a check. */
const checkIdleMs = 30_000

/** What one asker may have waiting for one worker. */
const maxQueuedOfAsker = 100

/** No worker has this name. */
const checks = '\u0000check'

/**
 * Starts no thread before the first run. A run computes in its turn, of which there are as many as `threads`, and gives
 * it back whenever it waits for a timer or the host; its thread, and all that is in it, remains its own.
 *
 * Neither a worker nor an owner can take all turns or all threads, so that others always find some. An inline call counts
 * as its caller's, and each level of them may go a little beyond every bound: runs that hold all threads would otherwise
 * wait for ever for those they call.
 */
export function createSandbox(options: SandboxOptions): Sandbox {
  const { threads: maxTurns, maxQueued = 500 } = options
  const maxRuns = Math.max(options.runs ?? 24, maxTurns)
  const turns = createShares({
    all: maxTurns,
    owner: Math.max(maxTurns - 1, 1),
    worker: Math.max(maxTurns - 2, 1),
  })
  const begun = createShares({
    all: maxRuns,
    owner: Math.ceil(maxRuns * 0.75),
    worker: Math.ceil(maxRuns / 2),
  })
  const pool = createThreadPool({ warm: maxTurns, onFree, onFault })
  /** What gives back all that the task of a thread holds. */
  const atWork = new Map<ScriptThread, () => void>()
  const queue = createRunQueue<Entry<ScriptOutcome>>()
  let queued = 0
  let isClosed = false

  /** Answers what withdraws the job while it waits. */
  function enqueue(job: Job): () => void {
    const { share, depth, refuse } = job
    const place = { ...share, rank: depth, asker: currentBehalf() }
    const entry: Entry<ScriptOutcome> = {
      refuse,
      begin() {
        queued--
        begin(job, place)
      },
    }
    if (isClosed) refuse(closed)
    else if (isFull(place)) refuse(failed('sandbox_busy', 'too many runs of this worker wait already'))
    else {
      queued++
      queue.push(place, entry)
      dispatch()
    }
    return () => {
      if (queue.remove(place, entry)) queued--
    }
  }

  function isFull(place: Place): boolean {
    const { owner, worker, asker } = queue.sizesOf(place)
    const ofAsker = place.asker === undefined ? 0 : asker
    return owner >= maxQueued * 2 || worker >= maxQueued || ofAsker >= maxQueuedOfAsker
  }

  function dispatch(): void {
    for (;;) {
      const entry = queue.take(mayGo)
      if (entry === undefined) break
      entry.begin()
    }
    if (queued === 0) pool.dropIdle()
    // What may not begin needs no thread.
    else if (queue.has(mayBegin)) pool.startFor(queued)
  }

  function mayGo(share: Share, rank: number): boolean {
    return mayBegin(share, rank) && (rank === goesOn || pool.hasFor(share.worker))
  }

  function mayBegin(share: Share, rank: number): boolean {
    return turns.has(share) && (rank === goesOn || begun.has(share, rank))
  }

  function begin(job: Job, place: Place): void {
    const thread = pool.take(job.name, job.idleMs)
    if (thread === undefined) throw new Error('begun without a thread that is ready')
    begun.take(job.share)
    const turn = takeTurn({ place, turns, queue, dispatch })
    atWork.set(thread, () => {
      turn.end()
      begun.give(job.share)
      pool.giveBack(thread)
    })
    job.start(thread, turn)
  }

  function onFree(thread: ScriptThread): void {
    atWork.get(thread)?.()
    atWork.delete(thread)
    dispatch()
  }

  function onFault(why: string, all: boolean): void {
    const outcome = failed('script_crashed', why)
    if (all) refuseAll(outcome)
    const entry = queue.take((_share, rank) => rank !== goesOn)
    if (entry === undefined) return
    queued--
    entry.refuse?.(outcome)
  }

  function refuseAll(outcome: ScriptOutcome): void {
    for (const entry of queue.clear()) entry.refuse?.(outcome)
    queued = 0
  }

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
      // Whoever makes a turn free is not who it is for.
      const startHere = AsyncResource.bind(start)
      leaveQueue = enqueue({ name, idleMs: run.idleMs, share, depth, start: startHere, refuse: settle })
    }
    return promise
  }

  function check(source: string): Promise<SyntaxFault | undefined> {
    const { promise, resolve, reject } = Promise.withResolvers<SyntaxFault | undefined>()
    enqueue({
      name: undefined,
      idleMs: checkIdleMs,
      share: { owner: currentBehalf() ?? '', worker: checks },
      depth: 0,
      start,
      refuse: () => reject(busy()),
    })

    async function start(thread: ScriptThread): Promise<void> {
      resolve(await checkInThread(thread, source))
    }
    return promise
  }

  async function close(): Promise<void> {
    isClosed = true
    refuseAll(closed)
    await pool.close()
  }

  return {
    run,
    check,
    runtimes: pool.runtimes,
    counts: () => ({ computing: turns.taken, waiting: begun.taken - turns.taken, queued }),
    close,
  }
}

function busy(): RpcError {
  const detail = { retryable: true, retry_after_ms: 1000 }
  return new RpcError('sandbox_busy', 'Too many scripts are waiting', detail, 'busy')
}
