import { RpcError, retrySoon } from '../errors.ts'
import { createFairQueue } from '../fairness/fair-queue.ts'
import { createTally } from '../fairness/tally.ts'

/**
 * Work that blocks the event loop takes turns: one piece per round, so that a small request waits for one of
 * them and not for all, and each waiting key has a piece done before any has a second one.
 */
export interface Turns {
  /**
   * Resolves on the turn of `whom`, whose bytes stay in memory while waiting. Throws RpcError 110 (reason
   * `too_many_bodies`) if that would exceed the limit.
   */
  next(whom: string | undefined, bytes?: number): Promise<void>
}

export interface TurnsOptions {
  /**
   * What may wait in all, of one a quarter of it. One piece of each may go beyond, up to twice as much in
   * all.
   */
  readonly maxBytes?: number
}

interface Waiting {
  readonly go: () => void
  readonly bytes: number
}

export function createTurns({ maxBytes = Number.POSITIVE_INFINITY }: TurnsOptions = {}): Turns {
  const waiting = createFairQueue<string | undefined, Waiting>()
  const bytesOf = createTally<string | undefined>()
  let total = 0
  let isTurning = false

  function count(whom: string | undefined, bytes: number): void {
    bytesOf.add(whom, bytes)
    total += bytes
  }

  function turn(): void {
    let next: string | undefined
    const piece = waiting.take(whom => {
      next = whom
      return true
    })
    isTurning = piece !== undefined
    if (piece === undefined) return
    count(next, -piece.bytes)
    piece.go()
    // What was asked meanwhile is read and answered before the next one.
    setImmediate(turn)
  }

  return {
    async next(whom, bytes = 0) {
      const own = bytesOf.of(whom)
      // A key with nothing waiting is admitted even when others have filled it.
      const room = own === 0 ? 2 * maxBytes : maxBytes
      if (total > 0 && (total + bytes > room || (own > 0 && own + bytes > maxBytes / 4)))
        throw tooManyBodies()
      const { promise, resolve } = Promise.withResolvers<void>()
      count(whom, bytes)
      waiting.push(whom, { go: resolve, bytes })
      if (!isTurning) {
        isTurning = true
        setImmediate(turn)
      }
      return promise
    },
  }
}

function tooManyBodies(): RpcError {
  return new RpcError('too_many_bodies', 'Too many large requests wait to be read', retrySoon)
}
