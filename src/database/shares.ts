import { currentBehalf } from '../fairness/behalf.ts'
import { createFairQueue } from '../fairness/fair-queue.ts'
import { poolExhausted } from './database-error.ts'

/** One of the places that are shared out, until it is given back. */
export interface Place {
  release(): void
}

/** Places that all who use a database share: connections, or turns on the one connection that there is. */
export interface Shares {
  /** A place for the party that the work is done for. Throws RpcError 110 (reason `pool_exhausted`). */
  take(): Promise<Place>
  /** How many wait for one. */
  waiting(): number
  /** Refuses those who wait, and all who come later, with this error. */
  close(refusal: () => Error): void
}

export interface ShareOptions {
  readonly places: number
  /** Longer waits for a place are refused, in milliseconds; absent: there is no such limit. */
  readonly maxWaitMs?: number
  /** What may wait of one token; 1000 unless given. */
  readonly maxWaiting?: number
}

/** A token; undefined: the server itself. */
type Whom = string | undefined

/** A place that is held for longer is held by something slow, of which one token may have only its share. */
const slowMs = 100

/**
 * Every token has a turn before any has a second one. However much a token asks for, it leaves places for the next one:
 * for quick work it may hold all but a few, for slow work its share if there were one more token. The server's own work has
 * places of its own, because everybody waits for it.
 */
export function createShares({ places, maxWaitMs, maxWaiting = 1000 }: ShareOptions): Shares {
  const queue = createFairQueue<Whom, Waiter>()
  const holdings = new Holdings(places, whom => queue.sizeOf(whom) > 0)
  let refusal: (() => Error) | undefined

  function give(whom: Whom): Place {
    const held = holdings.add(whom)
    return {
      release() {
        if (holdings.remove(whom, held)) giveToWaiting()
      },
    }
  }

  function giveToWaiting(): void {
    while (queue.size > 0 && holdings.hasFree) {
      let next: Whom
      const waiter = queue.take(whom => {
        next = whom
        return holdings.mayHaveMore(whom)
      })
      if (waiter === undefined) return
      clearTimeout(waiter.timer)
      waiter.resolve(give(next))
    }
  }

  function wait(whom: Whom): Promise<Place> {
    if (whom !== undefined && queue.sizeOf(whom) >= maxWaiting) throw poolExhausted()
    const { promise, resolve, reject } = Promise.withResolvers<Place>()
    const waiter: Waiter = { resolve, reject, timer: undefined }
    queue.push(whom, waiter)
    holdings.of(whom)
    if (maxWaitMs !== undefined) {
      waiter.timer = setTimeout(() => {
        queue.remove(whom, waiter)
        holdings.forgetIfGone(whom)
        reject(poolExhausted())
        // There is one less to share with.
        giveToWaiting()
      }, maxWaitMs)
    }
    return promise
  }

  return {
    async take() {
      if (refusal !== undefined) throw refusal()
      const whom = currentBehalf()
      return holdings.mayHaveMore(whom) ? give(whom) : wait(whom)
    },
    waiting: () => queue.size,
    close(refuse) {
      refusal ??= refuse
      for (const { timer, reject } of queue.clear()) {
        clearTimeout(timer)
        reject(refuse())
      }
      holdings.forgetAllGone()
    },
  }
}

interface Waiter {
  readonly resolve: (place: Place) => void
  readonly reject: (error: Error) => void
  timer: NodeJS.Timeout | undefined
}

interface Held {
  readonly since: number
}

/** Who holds how many places, and whether one may have more. All who hold some or wait for one share them. */
class Holdings {
  readonly #places: number
  readonly #isWaiting: (whom: Whom) => boolean
  /** All places but those of the server's own. */
  readonly #forTokens: number
  /** The most that one token may hold. */
  readonly #most: number
  readonly #held = new Map<Whom, Set<Held>>()
  #taken = 0
  #takenByTokens = 0

  constructor(places: number, isWaiting: (whom: Whom) => boolean) {
    const own = places >= 8 ? 2 : Math.min(1, places - 1)
    this.#places = places
    this.#isWaiting = isWaiting
    this.#forTokens = places - own
    this.#most = Math.max(1, places >= 4 ? this.#forTokens - 2 : this.#forTokens)
  }

  get hasFree(): boolean {
    return this.#taken < this.#places
  }

  mayHaveMore(whom: Whom): boolean {
    if (!this.hasFree) return false
    if (whom === undefined) return true
    if (this.#takenByTokens >= this.#forTokens) return false
    const held = this.#held.get(whom)
    if (held === undefined || held.size === 0) return true
    if (held.size >= this.#most) return false
    const tokens = this.#held.size - (this.#held.has(undefined) ? 1 : 0)
    const share = Math.max(1, Math.floor(this.#forTokens / (tokens + 1)))
    return held.size < share || slowOf(held) < share
  }

  /** What one holds; from now on it counts as sharing. */
  of(whom: Whom): Set<Held> {
    const known = this.#held.get(whom)
    if (known !== undefined) return known
    const held = new Set<Held>()
    this.#held.set(whom, held)
    return held
  }

  add(whom: Whom): Held {
    const place = { since: performance.now() }
    this.of(whom).add(place)
    this.#taken++
    if (whom !== undefined) this.#takenByTokens++
    return place
  }

  /** False: it was given back before. */
  remove(whom: Whom, place: Held): boolean {
    if (this.#held.get(whom)?.delete(place) !== true) return false
    this.#taken--
    if (whom !== undefined) this.#takenByTokens--
    this.forgetIfGone(whom)
    return true
  }

  forgetIfGone(whom: Whom): void {
    if (this.#held.get(whom)?.size === 0 && !this.#isWaiting(whom)) this.#held.delete(whom)
  }

  forgetAllGone(): void {
    for (const whom of this.#held.keys()) this.forgetIfGone(whom)
  }
}

function slowOf(held: ReadonlySet<Held>): number {
  const before = performance.now() - slowMs
  let slow = 0
  for (const { since } of held) if (since < before) slow++
  return slow
}
