import { currentBehalf } from '../fairness/behalf.ts'
import { createRunQueue, goesOn, type Place } from './run-queue.ts'
import { failed, type ScriptOutcome } from './script.ts'
import type { ScriptThread } from './script-thread.ts'
import { createShares, type Share, type ShareLimits } from './share.ts'
import { closed, createThreadPool } from './thread-pool.ts'
import { type Entry, type Turn, takeTurn } from './turn.ts'

/** What waits for a thread and a turn. */
export interface Job {
  /** The script that a warm thread is wanted for; undefined for a check. */
  readonly name: string | undefined
  readonly idleMs: number
  readonly share: Share
  readonly depth: number
  readonly start: (thread: ScriptThread, turn: Turn) => void
  readonly refuse: (outcome: ScriptOutcome) => void
}

export interface SchedulerOptions {
  /** Jobs that compute at once. */
  readonly maxTurns: number
  /** Jobs that have begun, each with a thread of its own. */
  readonly maxRuns: number
  /** Jobs of one worker that may wait to begin; of an owner twice as many. */
  readonly maxQueued: number
}

/** What one asker may have waiting for one worker. */
const maxQueuedOfAsker = 100

/**
 * Begins jobs when there is a turn and a thread for them. Neither a worker nor an owner can take all turns or all threads,
 * so that others always find some. An inline call counts as its caller's, and each level of them may go a little beyond
 * every bound: runs that hold all threads would otherwise wait for ever for those they call.
 */
export function createScheduler({ maxTurns, maxRuns, maxQueued }: SchedulerOptions) {
  const turns = createShares(turnLimits(maxTurns))
  const begun = createShares(runLimits(maxRuns))
  const pool = createThreadPool({ warm: maxTurns, onFree, onFault })
  /** What gives back all that the task of a thread holds. */
  const atWork = new Map<ScriptThread, () => void>()
  const queue = createRunQueue<Entry<ScriptOutcome>>()
  let isClosed = false

  /** Returns what withdraws the job while it waits. */
  function enqueue(job: Job): () => void {
    const place = { ...job.share, rank: job.depth, asker: currentBehalf() }
    const entry = { refuse: job.refuse, begin: () => begin(job, place) }
    if (isClosed) job.refuse(closed)
    else if (isFull(place)) job.refuse(failed('sandbox_busy', 'too many runs of this worker wait already'))
    else {
      queue.push(place, entry)
      dispatch()
    }
    return () => void queue.remove(place, entry)
  }

  function isFull(place: Place): boolean {
    const { owner, worker, asker } = queue.sizesOf(place)
    const isAskersFull = place.asker !== undefined && asker >= maxQueuedOfAsker
    return owner >= maxQueued * 2 || worker >= maxQueued || isAskersFull
  }

  function dispatch(): void {
    for (let next = queue.take(mayGo); next !== undefined; next = queue.take(mayGo)) next.begin()
    if (queue.unbegun === 0) pool.dropIdle()
    // What may not begin needs no thread.
    else if (queue.has(mayBegin)) pool.startFor(queue.unbegun)
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
    const refused = all ? queue.clear() : [queue.take((_share, rank) => rank !== goesOn)]
    for (const entry of refused) entry?.refuse?.(outcome)
  }

  return {
    enqueue,
    runtimes: pool.runtimes,
    counts: () => ({ computing: turns.taken, waiting: begun.taken - turns.taken, queued: queue.unbegun }),
    async close(): Promise<void> {
      isClosed = true
      for (const entry of queue.clear()) entry.refuse?.(closed)
      await pool.close()
    },
  }
}

function turnLimits(all: number): ShareLimits {
  return { all, owner: Math.max(all - 1, 1), worker: Math.max(all - 2, 1) }
}

function runLimits(all: number): ShareLimits {
  return { all, owner: Math.ceil(all * 0.75), worker: Math.ceil(all / 2) }
}
