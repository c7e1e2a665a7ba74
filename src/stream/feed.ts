import { setTimeout as sleep } from 'node:timers/promises'
import { RpcError } from '../errors.ts'
import type { Resource } from '../resource/resource.ts'
import type { ChangeLog, Changes } from './change-log.ts'
import { createSubscriberIndex } from './subscriber-index.ts'
import { maxUnreadBytes, type Refreshed, type Subscription } from './subscription.ts'

/**
 * The live changes of one resource. They are read once for all its subscriptions, and each is matched in memory; nothing
 * is read while there is none.
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
  onError(error: unknown): void
}

/** Numbers read at once. */
const batch = 500
/** Tokens may change again and again while their holders are looked up. */
const maxRounds = 5
/** How long a failed reading waits before it is tried again. */
const retryMs = 200
/** A subscription that catches up may have this much unread before more is read for it. */
const catchUpBytes = maxUnreadBytes / 4
/** How long it may take to read that. */
const patienceMs = 30_000

export function createFeed({ resource, log, onError }: FeedOptions): Feed {
  /** All, and of them those that are up to date. */
  const all = new Set<Subscription>()
  const live = new Set<Subscription>()
  const index = createSubscriberIndex<Subscription>()
  /** What the live ones have come to. */
  let cursor = 0
  let isAsked = false
  let isPumping = false

  function join(subscription: Subscription): void {
    if (live.size === 0) cursor = subscription.cursor
    live.add(subscription)
    index.add(subscription, subscription.predicates)
    wake()
  }

  function leave(subscription: Subscription): void {
    all.delete(subscription)
    if (live.delete(subscription)) index.remove(subscription)
  }

  /** Resolves to whether all of them have been looked up; false when the database may not say just now. */
  async function refreshStale(of: Iterable<Subscription>): Promise<boolean> {
    for (let round = 0; round < maxRounds; round++) {
      const stale = [...of].filter(each => each.isStale && !each.hasEnded)
      if (stale.length === 0) return true
      const refreshed = await Promise.all(stale.map(refreshOne))
      if (refreshed.includes('unknown')) return false
    }
    return false
  }

  async function refreshOne(subscription: Subscription): Promise<Refreshed> {
    const refreshed = await subscription.refresh()
    if (refreshed === 'changed' && live.has(subscription)) {
      index.remove(subscription)
      index.add(subscription, subscription.predicates)
    }
    return refreshed
  }

  async function pump(): Promise<void> {
    while (isAsked && live.size > 0) {
      isAsked = false
      try {
        await readOn()
      } catch (error) {
        // Where nobody is left the database may have been closed.
        if (isTooOld(error)) for (const each of live) each.end('sequence_too_old')
        else if (live.size > 0) onError(error)
        isAsked = true
        await sleep(retryMs)
      }
    }
  }

  async function readOn(): Promise<void> {
    for (;;) {
      const from = cursor
      const changes = await log.read(resource, from, batch)
      if (changes.through === from || live.size === 0) return
      if (!(await refreshStale(live))) {
        isAsked = true
        await sleep(retryMs)
        return
      }
      // While that was waited for, everybody may have left and somebody else have come.
      if (cursor !== from) continue
      dispatch(changes)
    }
  }

  function dispatch({ changes, through }: Changes): void {
    for (const change of changes) index.visit(change.row(), each => each.offer(change))
    cursor = through
    for (const each of live) each.cursor = Math.max(each.cursor, through)
  }

  function wake(): void {
    isAsked = true
    if (isPumping) return
    isPumping = true
    pump()
      .catch(onError)
      .finally(() => {
        isPumping = false
        if (isAsked && live.size > 0) wake()
      })
  }

  /** Reads for one alone, as fast as its client does, until it has come to where the others are. */
  async function catchUp(subscription: Subscription): Promise<void> {
    for (;;) {
      if (subscription.hasEnded) return
      if (live.size > 0 && subscription.cursor >= cursor) break
      const { changes, through } = await log.read(resource, subscription.cursor, batch)
      // While that was read the others may have gone on.
      if (through === subscription.cursor && (live.size === 0 || through >= cursor)) break
      for (const change of changes) {
        await untilReady(subscription)
        if (subscription.hasEnded) return
        subscription.offer(change)
        subscription.cursor = Math.max(subscription.cursor, change.number)
      }
      subscription.cursor = Math.max(subscription.cursor, through)
    }
    if (!subscription.hasEnded) join(subscription)
  }

  /** Until its client has read enough, and its caller is known. */
  async function untilReady(subscription: Subscription): Promise<void> {
    if (subscription.subscriber.unread() > catchUpBytes) await waitFor(subscription)
    while (!subscription.hasEnded && subscription.isStale) {
      if (!(await refreshStale([subscription]))) await sleep(retryMs)
    }
  }

  async function waitFor(subscription: Subscription): Promise<void> {
    const stop = new AbortController()
    const late = sleep(patienceMs, true, { signal: stop.signal }).catch(() => false)
    const isLate = await Promise.race([subscription.subscriber.drained().then(() => false), late])
    stop.abort()
    if (isLate) subscription.end('too_slow')
  }

  return {
    subscriptions: all,
    wake,
    leave,
    refresh() {
      for (const each of all) each.markStale()
    },
    async review() {
      await refreshStale(all)
    },
    follow(subscription) {
      all.add(subscription)
      catchUp(subscription).catch(error => {
        if (!isTooOld(error) && !subscription.hasEnded) onError(error)
        subscription.end(isTooOld(error) ? 'sequence_too_old' : 'internal_error')
      })
    },
  }
}

function isTooOld(error: unknown): boolean {
  return error instanceof RpcError && error.data.reason === 'sequence_too_old'
}
