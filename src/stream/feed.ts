import type { Resource } from '../resource/resource.ts'
import { createCallerCheck } from './caller-check.ts'
import type { ChangeLog } from './change-log.ts'
import { createPages } from './pages.ts'
import { createCatchUpReader, createLiveReader, type Reader } from './reader.ts'
import type { Subscription } from './subscription.ts'
import type { TimeSlices } from './time-slices.ts'

/**
 * The live changes of one resource. They are read once for all its subscriptions and matched in memory;
 * nothing is read without a subscription. Each token's subscriptions are matched separately:
 * one token's expensive conditions do not delay another's.
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
  readonly slices: TimeSlices
  onError(error: unknown): void
}

/** Sequence numbers per read. */
const batch = 500

export function createFeed({ resource, log, slices, onError }: FeedOptions): Feed {
  const all = new Set<Subscription>()
  /** Those that have not caught up with the others of their token. */
  const behind = new Map<Subscription, Reader>()
  /** The others, by token. */
  const live = new Map<string, Reader>()
  const pages = createPages({
    read: after => log.read(resource, after, batch),
    onError(error) {
      // Without a subscription, the database may already be closed.
      if (all.size > 0) onError(error)
    },
    onRetry() {
      wake()
      for (const each of behind.values()) slices.wake(each)
    },
  })
  const callers = createCallerCheck(slices, placeAgain)
  const deps = { pages, slices, callers, onError }

  function wake(): void {
    pages.expire()
    for (const each of live.values()) slices.wake(each)
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
    const own = live.get(token) ?? createLiveReader(token, cursor, deps)
    live.set(token, own)
    own.lane.add(subscription)
    slices.wake(own)
  }

  function isReachedBy({ token, cursor }: Subscription): boolean {
    const own = live.get(token)
    return own === undefined ? pages.isEnd(cursor) : cursor >= own.lane.cursor
  }

  /** It may read something else by now. */
  function placeAgain(subscription: Subscription): void {
    const { lane } = behind.get(subscription) ?? live.get(subscription.token) ?? {}
    if (!lane?.subscriptions.has(subscription)) return
    lane.remove(subscription)
    lane.add(subscription)
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
      await callers.refresh(all)
    },
    follow(subscription) {
      all.add(subscription)
      const own = createCatchUpReader(subscription, { isReachedBy, join }, deps)
      behind.set(subscription, own)
      slices.wake(own)
    },
  }
}
