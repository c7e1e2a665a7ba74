/** Runs at most `concurrency` tasks concurrently, first come, first served. */
export function createSemaphore(concurrency: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = []
  let running = 0

  async function takeTurn(): Promise<void> {
    if (running < concurrency) {
      running++
      return
    }
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
