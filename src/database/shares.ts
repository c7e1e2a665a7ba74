import { currentBehalf } from '../fairness/behalf.ts'
import { createFairQueue } from '../fairness/fair-queue.ts'
import { poolExhausted } from './database-error.ts'

/** One of the places that are shared out, until it is given back. */
export interface Place {
  release(): void
}

/** Places that all who use a database share: connections, or turns on the one connection that there is. */
export interface Shares {
  /** A place for whoever it is done on behalf of. Throws RpcError 110 (reason `pool_exhausted`). */
  take(): Promise<Place>
  /** How many wait for one. */
  waiting(): number
  /** Whoever waits, and whoever comes later, is refused with this. */
  close(refusal: () => Error): void
}

export interface ShareOptions {
  readonly places: number
  /** Longer waits for a place are refused, in milliseconds; absent: there is no such limit. */
  readonly maxWaitMs?: number
  /** What may wait of one token; 1000 unless given. */
  readonly maxWaiting?: number
}

type Whom = string | undefined

/** What one of them holds and waits for. */
interface Party {
  /** When each of its places was given out. */
  readonly held: Set<{ readonly since: number }>
  waiting: number
}

interface Waiter {
  readonly resolve: (place: Place) => void
  readonly reject: (error: Error) => void
  timer: NodeJS.Timeout | undefined
}

/** A place that is held for longer is held by something slow, of which one token may have only its share. */
const slowMs = 100

/**
 * Everybody has a turn before anybody has a second one. However much a token asks for, it leaves places for the next that
 * comes: of what is quick it may hold all but a few, of what is slow as many as would be left to it if there were one more
 * token. The server's own work has places that nobody else gets, because everybody waits for it.
 */
export function createShares({ places, maxWaitMs, maxWaiting = 1000 }: ShareOptions): Shares {
  const own = places >= 8 ? 2 : Math.min(1, places - 1)
  const forOthers = places - own
  const most = Math.max(1, places >= 4 ? forOthers - 2 : forOthers)
  const parties = new Map<Whom, Party>()
  const queue = createFairQueue<Whom, Waiter>()
  let taken = 0
  let takenByOthers = 0
  let refusal: (() => Error) | undefined

  function partyOf(whom: Whom): Party {
    const known = parties.get(whom)
    if (known !== undefined) return known
    const party: Party = { held: new Set(), waiting: 0 }
    parties.set(whom, party)
    return party
  }

  function forget(whom: Whom, { held, waiting }: Party): void {
    if (held.size === 0 && waiting === 0) parties.delete(whom)
  }

  function mayHave(whom: Whom): boolean {
    if (taken >= places) return false
    if (whom === undefined) return true
    if (takenByOthers >= forOthers) return false
    const held = parties.get(whom)?.held
    if (held === undefined || held.size === 0) return true
    if (held.size >= most) return false
    const others = parties.size - (parties.has(undefined) ? 1 : 0)
    const share = Math.max(1, Math.floor(forOthers / (others + 1)))
    return held.size < share || slowOf(held) < share
  }

  function give(whom: Whom): Place {
    const party = partyOf(whom)
    const held = { since: performance.now() }
    party.held.add(held)
    taken++
    if (whom !== undefined) takenByOthers++
    return {
      release() {
        if (!party.held.delete(held)) return
        taken--
        if (whom !== undefined) takenByOthers--
        forget(whom, party)
        giveToWaiting()
      },
    }
  }

  function giveToWaiting(): void {
    while (queue.size > 0 && taken < places) {
      let next: Whom
      const waiter = queue.take(whom => {
        next = whom
        return mayHave(whom)
      })
      if (waiter === undefined) return
      clearTimeout(waiter.timer)
      partyOf(next).waiting--
      waiter.resolve(give(next))
    }
  }

  function wait(whom: Whom): Promise<Place> {
    const party = partyOf(whom)
    if (whom !== undefined && party.waiting >= maxWaiting) throw poolExhausted()
    const { promise, resolve, reject } = Promise.withResolvers<Place>()
    const waiter: Waiter = { resolve, reject, timer: undefined }
    queue.push(whom, waiter)
    party.waiting++
    if (maxWaitMs !== undefined) {
      waiter.timer = setTimeout(() => {
        queue.remove(whom, waiter)
        party.waiting--
        forget(whom, party)
        reject(poolExhausted())
        // One less to share with.
        giveToWaiting()
      }, maxWaitMs)
    }
    return promise
  }

  return {
    async take() {
      if (refusal !== undefined) throw refusal()
      const whom = currentBehalf()
      return mayHave(whom) ? give(whom) : wait(whom)
    },
    waiting: () => queue.size,
    close(refuse) {
      refusal ??= refuse
      for (const { timer, reject } of queue.clear()) {
        clearTimeout(timer)
        reject(refuse())
      }
      for (const [whom, party] of parties) {
        party.waiting = 0
        forget(whom, party)
      }
    },
  }
}

function slowOf(held: Party['held']): number {
  const before = performance.now() - slowMs
  let slow = 0
  for (const { since } of held) if (since < before) slow++
  return slow
}
