import { RpcError } from '../errors.ts'

/**
 * Runs at most `concurrency` works at once, first come first served. While `queue` others wait, one more is refused:
 * RpcError 110 (reason `too_many_logins`).
 */
export function createTurns(concurrency: number, queue: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = []
  let running = 0

  async function takeTurn(): Promise<void> {
    if (running < concurrency) {
      running++
      return
    }
    if (waiting.length >= queue) throw tooManyLogins()
    await new Promise<void>(resolve => waiting.push(resolve))
  }

  // A turn that ends is handed on, so that a newcomer cannot overtake.
  function endTurn(): void {
    const next = waiting.shift()
    if (next === undefined) running--
    else next()
  }

  return async work => {
    await takeTurn()
    try {
      return await work()
    } finally {
      endTurn()
    }
  }
}

function tooManyLogins(): RpcError {
  return new RpcError('busy', 'Too many passwords are being checked', {
    reason: 'too_many_logins',
    retryable: true,
    retry_after_ms: 1000,
  })
}
