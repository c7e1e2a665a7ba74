import { createFairQueue } from '../fair-queue.ts'

/**
 * Work that holds the event loop for long takes turns: one piece each time round, so that whoever asks for little waits for one of them
 * and not for all, and everybody who waits has a piece done before anybody has a second one.
 */
export interface Turns {
  /** Resolves when it is the turn of `whom`. */
  next(whom: string | undefined): Promise<void>
}

export function createTurns(): Turns {
  const waiting = createFairQueue<string | undefined, () => void>()
  let isTurning = false

  function turn(): void {
    const go = waiting.take()
    isTurning = go !== undefined
    if (go === undefined) return
    go()
    // What was asked meanwhile is read and answered before the next one.
    setImmediate(turn)
  }

  return {
    next: whom =>
      new Promise(resolve => {
        waiting.push(whom, resolve)
        if (isTurning) return
        isTurning = true
        setImmediate(turn)
      }),
  }
}
