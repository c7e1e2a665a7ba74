/** Counts the work under way, with a promise for when none is left. */
export interface Running {
  readonly count: number
  start(): void
  end(): void
  /** Resolves as soon as nothing runs. */
  idle(): Promise<void>
}

export function createRunning(): Running {
  let count = 0
  let waiting: (() => void)[] = []
  return {
    get count() {
      return count
    },
    start() {
      count += 1
    },
    end() {
      count -= 1
      if (count > 0) return
      for (const resolve of waiting) resolve()
      waiting = []
    },
    idle: () => (count === 0 ? Promise.resolve() : new Promise(resolve => waiting.push(resolve))),
  }
}
