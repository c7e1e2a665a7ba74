import { RpcError, retrySoon } from '../errors.ts'
import { createFairQueue, type FairQueue } from '../fairness/fair-queue.ts'

/** Who wants a turn. */
export interface Asker {
  /** Whose share of the turns it takes: an address, or a token. */
  readonly share: string
  /** Of which there is one turn at a time, such as a user; absent: of no such thing. */
  readonly subject?: string | undefined
}

export interface LoginTurnsOptions {
  /** Works at once. */
  readonly concurrency: number
  /** Waiting of one share; more are refused. */
  readonly queue: number
  /** Waiting of one share for one subject. */
  readonly subjectQueue: number
  /** Whose turn comes before that of others: 0 first, `lastRank` last; absent: all are alike. */
  readonly rankOf?: (asker: Asker) => number
}

/** Runs `work` in its turn. Throws RpcError 110 (reason `too_many_logins`). */
export type InTurn = <T>(asker: Asker, work: () => Promise<T>) => Promise<T>

export const lastRank = 2

interface Waiting {
  readonly asker: Asker
  readonly begin: () => void
}

/**
 * Runs a few works at once. Shares take turns, and the subjects within a share; a subject has one turn at a time, whoever
 * asks. So the flood of one address makes nobody elsewhere wait for more than what runs.
 */
export function createLoginTurns(options: LoginTurnsOptions): InTurn {
  const { concurrency, queue, subjectQueue, rankOf = () => 0 } = options
  // A Map keeps its order: a share that had a turn goes behind the others.
  const lines = new Map<string, FairQueue<string | undefined, Waiting>>()
  const subjects = new Set<string>()
  let running = 0

  function takeTurn(asker: Asker): Promise<void> | undefined {
    const { share, subject } = asker
    if (running < concurrency && isFree(subject)) return begin(subject)
    const line = lines.get(share) ?? createFairQueue()
    const waitsForSubject = subject === undefined ? 0 : line.sizeOf(subject)
    if (line.size >= queue || waitsForSubject >= subjectQueue) throw tooManyLogins()
    lines.set(share, line)
    return new Promise(resolve => line.push(subject, { asker, begin: resolve }))
  }

  function isFree(subject: string | undefined): boolean {
    return subject === undefined || !subjects.has(subject)
  }

  function begin(subject: string | undefined): undefined {
    running++
    if (subject !== undefined) subjects.add(subject)
  }

  function endTurn({ subject }: Asker): void {
    running--
    if (subject !== undefined) subjects.delete(subject)
    while (running < concurrency) {
      const next = takeNext()
      if (next === undefined) return
      begin(next.asker.subject)
      next.begin()
    }
  }

  function takeNext(): Waiting | undefined {
    for (let rank = 0; rank <= lastRank; rank++) {
      for (const [share, line] of lines) {
        const next = line.take(subject => isFree(subject) && rankOf({ share, subject }) <= rank)
        if (next === undefined) continue
        lines.delete(share)
        if (line.size > 0) lines.set(share, line)
        return next
      }
    }
    return undefined
  }

  return async (asker, work) => {
    await takeTurn(asker)
    try {
      return await work()
    } finally {
      endTurn(asker)
    }
  }
}

function tooManyLogins(): RpcError {
  return new RpcError('too_many_logins', 'Too many passwords are being checked', retrySoon)
}
