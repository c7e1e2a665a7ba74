import { onOwnBehalf } from '../fairness/behalf.ts'
import { createFairQueue } from '../fairness/fair-queue.ts'
import { createTally } from '../fairness/tally.ts'

/** What goes through changes on behalf of a token. */
export interface Follower {
  /** The token's key. */
  readonly token: string
  /** Works until the slice ends, on what is already loaded. Returns whether more is left to do. */
  goOn(slice: Slice): boolean | Promise<boolean>
}

/** Time for matching within one turn of the event loop. */
export interface Slice {
  /** Takes the work done, in comparisons (`matchCost`). Returns true once the slice has ended. */
  spend(cost: number): boolean
}

/**
 * Shares out this server's time for matching changes: each token has a turn before any has a
 * second one.
 */
export interface TimeSlices {
  /** Runs the follower until it has nothing left to do. */
  wake(follower: Follower): void
  /** Runs `work` when there is time: immediately if this turn of the event loop has some left. */
  run<T>(work: (slice: Slice) => T | Promise<T>): Promise<T>
}

/** How long the event loop is held; requests take several of its turns. */
const sliceMs = 3
/** Followers reading concurrently; each holds a page of changes. */
const workers = 4
const workersOfToken = 2
/** The clock is looked at after this much. */
const clockCost = 500

export function createTimeSlices(onError: (error: unknown) => void): TimeSlices {
  const queue = createFairQueue<string, Follower>()
  const busy = new Set<Follower>()
  /** Woken while they were at work. */
  const again = new Set<Follower>()
  const tokens = createTally<string>()
  let running = 0
  const slices = createSlices()

  function take(): Follower | undefined {
    const follower = queue.take(token => tokens.of(token) < workersOfToken)
    if (follower === undefined) return undefined
    busy.add(follower)
    tokens.add(follower.token, 1)
    return follower
  }

  function giveBack(follower: Follower, hasMore: boolean): void {
    busy.delete(follower)
    tokens.add(follower.token, -1)
    if (again.delete(follower) || hasMore) queue.push(follower.token, follower)
  }

  /** What needs not be waited for is done at once: thousands may have little to do. */
  function goOn(follower: Follower): boolean | Promise<boolean> {
    const slice = slices.begin()
    try {
      const going = slice === undefined ? slices.run(each => follower.goOn(each)) : follower.goOn(slice)
      return typeof going === 'boolean' ? going : going.catch(failed)
    } catch (error) {
      return failed(error)
    }
  }

  function failed(error: unknown): false {
    onError(error)
    return false
  }

  async function work(): Promise<void> {
    for (let follower = take(); follower !== undefined; follower = take()) {
      const hasMore = goOn(follower)
      giveBack(follower, typeof hasMore === 'boolean' ? hasMore : await hasMore)
    }
    running--
  }

  return {
    run: slices.run,
    wake(follower) {
      if (busy.has(follower)) {
        again.add(follower)
        return
      }
      queue.push(follower.token, follower)
      if (running >= workers) return
      running++
      // A request may have woken it, but the work that follows serves many.
      void onOwnBehalf(work)
    },
  }
}

interface Slices {
  /**
   * What is left of this turn of the event loop; undefined if nothing is, or if others wait for the next
   * turn.
   */
  begin(): Slice | undefined
  run: TimeSlices['run']
}

/** Work that runs immediately, for at most one slice per turn of the event loop. */
function createSlices(): Slices {
  const waiting: (() => void)[] = []
  let until = 0
  let isBreathing = false

  function newSlice(): Slice {
    let spent = 0
    let isOver = false
    return {
      spend(cost) {
        spent += cost
        if (isOver || spent < clockCost) return isOver
        spent = 0
        isOver = performance.now() >= until
        return isOver
      },
    }
  }

  function breathe(): void {
    if (isBreathing) return
    isBreathing = true
    setImmediate(() => {
      isBreathing = false
      until = performance.now() + sliceMs
      if (waiting.length > 0) breathe()
      while (waiting.length > 0 && performance.now() < until) waiting.shift()?.()
    })
  }

  function begin(): Slice | undefined {
    const now = performance.now()
    if (!isBreathing) until = now + sliceMs
    breathe()
    return waiting.length === 0 && now < until ? newSlice() : undefined
  }

  return {
    begin,
    async run(work) {
      const slice = begin()
      if (slice !== undefined) return work(slice)
      return new Promise((resolve, reject) => {
        const begun = async () => work(newSlice())
        waiting.push(() => begun().then(resolve, reject))
      })
    },
  }
}
