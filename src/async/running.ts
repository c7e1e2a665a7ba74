/** Counts the work under way, with a promise for when none is left. */
export interface Running {
  readonly count: number
  start(): void
  end(): void
  /** Counts `work` until it has ended. A rejection that nobody awaits is not unhandled. */
  track<T>(work: Promise<T>): Promise<T>
  /** Resolves as soon as nothing runs. */
  idle(): Promise<void>
}

export function createRunning(): Running {
  let count = 0
  let waiting: (() => void)[] = []

  function end(): void {
    count -= 1
    if (count > 0) return
    for (const resolve of waiting) resolve()
    waiting = []
  }

  return {
    get count() {
      return count
    },
    start() {
      count += 1
    },
    end,
    track(work) {
      count += 1
      work.then(end, end)
      return work
    },
    idle: () => (count === 0 ? Promise.resolve() : new Promise(resolve => waiting.push(resolve))),
  }
}
