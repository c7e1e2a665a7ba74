import { setTimeout as sleep } from 'node:timers/promises'
import { RpcError } from '../errors.ts'
import type { Identity } from '../permission/grant.ts'
import type { Resource } from '../resource/resource.ts'
import type { ChangeLog, Changes } from './change-log.ts'
import { createLane, type Lane } from './lane.ts'
import { createPages } from './pages.ts'
import { maxUnreadBytes, type Refreshed, type StreamEnd, type Subscription } from './subscription.ts'
import type { Follower, Slice, Turns } from './turns.ts'

/**
 * The live changes of one resource. They are read once for all its subscriptions, and each is matched in memory; nothing
 * is read while there is none. The subscriptions of each token have a place of their own: what costs one token time
 * delays no other.
 */
export interface Feed {
  /** Brings the subscription up to date, then keeps it so until it ends. */
  follow(subscription: Subscription): void
  leave(subscription: Subscription): void
  /** There are new numbers. */
  wake(): void
  /** Has the callers of all subscriptions looked up before anything else is sent. */
  refresh(): void
  /** Looks them up now. */
  review(): Promise<void>
  readonly subscriptions: ReadonlySet<Subscription>
}

export interface FeedOptions {
  readonly resource: Resource
  readonly log: ChangeLog
  /** Shared with the feeds of all other resources. */
  readonly turns: Turns
  onError(error: unknown): void
}

/** What goes through the changes: the live subscriptions of one token, or one that is not yet where those are. */
interface Reader extends Follower {
  readonly lane: Lane
}

/** Numbers read at once. */
const batch = 500
/** Subscriptions whose callers are looked up at once. */
const refreshedAtOnce = 100
/** Tokens may change again and again while their holders are looked up. */
const maxRounds = 5
/** How long a failed reading waits before it is tried again. */
const retryMs = 200
/** A subscription that catches up may have this much unread before more is read for it. */
const catchUpBytes = maxUnreadBytes / 4
/** How long it may take to read that. */
const patienceMs = 30_000

export function createFeed({ resource, log, turns, onError }: FeedOptions): Feed {
  const all = new Set<Subscription>()
  /** Those that are not yet where the others of their token are. */
  const behind = new Map<Subscription, Reader>()
  /** The others, by token. */
  const live = new Map<string, Reader>()
  const pages = createPages(after => log.read(resource, after, batch))
  /** Until then nothing is read: it has just failed. */
  let pause: NodeJS.Timeout | undefined

  function wake(): void {
    pages.expire()
    for (const each of live.values()) turns.wake(each)
  }

  function leave(subscription: Subscription): void {
    all.delete(subscription)
    behind.delete(subscription)
    const own = live.get(subscription.token)
    own?.lane.remove(subscription)
    if (own?.lane.subscriptions.size === 0) live.delete(subscription.token)
  }

  function join(subscription: Subscription): void {
    const { token, cursor } = subscription
    behind.delete(subscription)
    const own = live.get(token) ?? newLive(token, cursor)
    live.set(token, own)
    own.lane.add(subscription)
    turns.wake(own)
  }

  /** Where the subscription has come to the others of its token, or, as the first of them, to the end. */
  function joinsNow({ token, cursor }: Subscription): boolean {
    const own = live.get(token)
    return own === undefined ? pages.isEnd(cursor) : cursor >= own.lane.cursor
  }

  /** Reads what lies behind a number; `failed` when that cannot be read just now. */
  async function pageAfter(cursor: number): Promise<Changes | undefined | 'failed'> {
    if (pause !== undefined) return 'failed'
    try {
      return await pages.read(cursor)
    } catch (error) {
      if (isTooOld(error)) throw error
      // Where nobody is left the database may have been closed.
      if (pause === undefined && all.size > 0) onError(error)
      pause ??= setTimeout(goOnAgain, retryMs).unref()
      return 'failed'
    }
  }

  function goOnAgain(): void {
    pause = undefined
    wake()
    for (const each of behind.values()) turns.wake(each)
  }

  /** Does `work` once everybody's caller is known. Resolves to false when the database may not say just now. */
  async function match(
    subscriptions: Iterable<Subscription>,
    work: (slice: Slice) => void,
  ): Promise<boolean> {
    for (let round = 0; round < maxRounds; round++) {
      const stale = await turns.slice(slice => {
        const found = staleOf(subscriptions)
        if (found.length === 0) work(slice)
        return found
      })
      if (stale.length === 0) return true
      if (!(await refreshAll(stale))) return false
    }
    return true
  }

  async function refreshAll(stale: readonly Subscription[]): Promise<boolean> {
    let isKnown = true
    for (let i = 0; i < stale.length; i += refreshedAtOnce) {
      // Between two handfuls others have their turn.
      const some = await turns.slice(() => refreshSome(stale.slice(i, i + refreshedAtOnce)))
      isKnown = !(await Promise.all(some)).includes('unknown') && isKnown
    }
    return isKnown
  }

  /** Who presented the same is looked up once; what is asked later may have another answer. */
  function refreshSome(stale: readonly Subscription[]): readonly Promise<Refreshed>[] {
    const asked = new Map<Identity, Promise<Identity>>()
    // Before anybody is asked.
    const changes = stale.map(each => each.changes)
    return stale.map((each, i) => {
      const answer = asked.get(each.caller) ?? each.askAgain()
      asked.set(each.caller, answer)
      return refreshOne(each, each.refresh(answer, changes[i] ?? 0))
    })
  }

  async function refreshOne(subscription: Subscription, refreshing: Promise<Refreshed>): Promise<Refreshed> {
    const refreshed = await refreshing
    const { lane } = behind.get(subscription) ?? live.get(subscription.token) ?? {}
    if (refreshed === 'changed' && lane?.subscriptions.has(subscription)) {
      lane.remove(subscription)
      lane.add(subscription)
    }
    return refreshed
  }

  function newLive(token: string, cursor: number): Reader {
    const lane = createLane(cursor)
    const endAll = (reason: StreamEnd['reason']): void => {
      for (const each of [...lane.subscriptions]) each.end(reason)
    }
    const hasMore = (): boolean => lane.subscriptions.size > 0 && !pages.isEnd(lane.cursor)
    const own: Reader = {
      token,
      lane,
      goOn(slice) {
        if (pages.isEnd(lane.cursor)) return false
        const page = pages.held(lane.cursor)
        // As it is for most of them nearly always: then there is nothing to wait for.
        if (page === undefined || isAnyStale(lane.subscriptions)) return readOn(page)
        lane.match(page, slice)
        return hasMore()
      },
    }

    async function readOn(held: Changes | undefined): Promise<boolean> {
      try {
        const page = held ?? (await pageAfter(lane.cursor))
        if (page === undefined || page === 'failed') return false
        const isKnown = await match(lane.subscriptions, slice => lane.match(page, slice))
        if (isKnown) return hasMore()
        later(own)
      } catch (error) {
        if (!isTooOld(error)) onError(error)
        endAll(isTooOld(error) ? 'sequence_too_old' : 'internal_error')
      }
      return false
    }

    return own
  }

  /** One alone, which goes on as fast as its client reads. */
  function newBehind(subscription: Subscription): Reader {
    const lane = createLane(subscription.cursor)
    lane.add(subscription)
    const own: Reader = {
      token: subscription.token,
      lane,
      async goOn() {
        try {
          return await catchUp(subscription, own)
        } catch (error) {
          if (!isTooOld(error) && !subscription.hasEnded) onError(error)
          subscription.end(isTooOld(error) ? 'sequence_too_old' : 'internal_error')
          return false
        }
      },
    }
    return own
  }

  async function catchUp(subscription: Subscription, own: Reader): Promise<boolean> {
    const { lane } = own
    if (subscription.hasEnded) return false
    subscription.cursor = Math.max(subscription.cursor, lane.cursor)
    if (subscription.subscriber.unread() > catchUpBytes) {
      void drained(subscription).then(() => turns.wake(own))
      return false
    }
    const page = joinsNow(subscription) ? undefined : await pageAfter(lane.cursor)
    if (page === 'failed' || subscription.hasEnded) return false
    if (page !== undefined) {
      const isKnown = await match([subscription], slice => lane.match(page, slice))
      if (!isKnown) later(own)
      return isKnown
    }
    // While that was read the others may have gone on.
    if (!joinsNow(subscription)) return true
    join(subscription)
    return false
  }

  /** Until its client has read enough; ends it when that takes too long. */
  async function drained(subscription: Subscription): Promise<void> {
    const stop = new AbortController()
    const late = sleep(patienceMs, true, { signal: stop.signal }).catch(() => false)
    const isLate = await Promise.race([subscription.subscriber.drained().then(() => false), late])
    stop.abort()
    if (isLate) subscription.end('too_slow')
  }

  function later(follower: Follower): void {
    setTimeout(() => turns.wake(follower), retryMs).unref()
  }

  return {
    subscriptions: all,
    wake,
    leave,
    refresh() {
      for (const each of all) each.markStale()
    },
    async review() {
      pages.forget()
      await refreshAll(staleOf(all))
    },
    follow(subscription) {
      all.add(subscription)
      const own = newBehind(subscription)
      behind.set(subscription, own)
      turns.wake(own)
    },
  }
}

function isAnyStale(subscriptions: Iterable<Subscription>): boolean {
  for (const each of subscriptions) if (each.isStale && !each.hasEnded) return true
  return false
}

function staleOf(subscriptions: Iterable<Subscription>): readonly Subscription[] {
  const stale: Subscription[] = []
  for (const each of subscriptions) if (each.isStale && !each.hasEnded) stale.push(each)
  return stale
}

function isTooOld(error: unknown): boolean {
  return error instanceof RpcError && error.data.reason === 'sequence_too_old'
}
