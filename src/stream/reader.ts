import { within } from '../async/within.ts'
import { hasReason } from '../errors.ts'
import { type CallerCheck, isAnyStale } from './caller-check.ts'
import type { Changes } from './change-log.ts'
import { createLane, type Lane } from './lane.ts'
import type { Pages } from './pages.ts'
import { maxUnreadBytes, type StreamEnd, type Subscription } from './subscription.ts'
import type { Follower, TimeSlices } from './time-slices.ts'

/**
 * Iterates over the changes: the live subscriptions of one token, or one subscription still catching up with
 * those.
 */
export interface Reader extends Follower {
  readonly lane: Lane
}

/** What all readers of a feed share. */
export interface ReaderDeps {
  readonly pages: Pages
  readonly slices: TimeSlices
  readonly callers: CallerCheck
  onError(error: unknown): void
}

/** The place that a subscription is on its way to. */
export interface Goal {
  /** Whether the subscription has come to the others of its token, or, as the first of them, to the end. */
  isReachedBy(subscription: Subscription): boolean
  join(subscription: Subscription): void
}

/** How long a failed lookup waits before it is tried again. */
const retryMs = 200
/** A subscription that catches up may have this much unread before more is read for it. */
const catchUpBytes = maxUnreadBytes / 4
/** How long it may take to read that. */
const patienceMs = 30_000

/** The live subscriptions of one token. */
export function createLiveReader(token: string, cursor: number, deps: ReaderDeps): Reader {
  const { pages, callers } = deps
  const lane = createLane(cursor)
  const hasMore = (): boolean => lane.subscriptions.size > 0 && !pages.isEnd(lane.cursor)
  const reader: Reader = {
    token,
    lane,
    goOn(slice) {
      if (pages.isEnd(lane.cursor)) return false
      const page = pages.held(lane.cursor)
      // The usual case: there is nothing to wait for.
      if (page === undefined || isAnyStale(lane.subscriptions)) return readOn(page)
      lane.match(page, slice)
      return hasMore()
    },
  }

  async function readOn(held: Changes | undefined): Promise<boolean> {
    try {
      const page = held ?? (await pages.read(lane.cursor))
      if (page === undefined || page === 'failed') return false
      const isKnown = await callers.whenKnown(lane.subscriptions, slice => lane.match(page, slice))
      if (isKnown) return hasMore()
      wakeLater(reader, deps)
    } catch (error) {
      endAll(lane.subscriptions, error, deps)
    }
    return false
  }

  return reader
}

/** A single subscription, which advances as fast as its client reads. */
export function createCatchUpReader(subscription: Subscription, goal: Goal, deps: ReaderDeps): Reader {
  const { pages, slices, callers } = deps
  const lane = createLane(subscription.cursor)
  lane.add(subscription)

  async function catchUp(): Promise<boolean> {
    if (subscription.hasEnded) return false
    subscription.cursor = Math.max(subscription.cursor, lane.cursor)
    if (subscription.subscriber.unread() > catchUpBytes) {
      void drained(subscription).then(() => slices.wake(reader))
      return false
    }
    const page = goal.isReachedBy(subscription) ? undefined : await pages.read(lane.cursor)
    if (page === 'failed' || subscription.hasEnded) return false
    if (page !== undefined) {
      const isKnown = await callers.whenKnown([subscription], slice => lane.match(page, slice))
      if (!isKnown) wakeLater(reader, deps)
      return isKnown
    }
    // The others may have advanced during the read.
    if (!goal.isReachedBy(subscription)) return true
    goal.join(subscription)
    return false
  }

  const reader: Reader = {
    token: subscription.token,
    lane,
    goOn: () =>
      catchUp().catch(error => {
        if (!subscription.hasEnded) endAll([subscription], error, deps)
        return false
      }),
  }
  return reader
}

function wakeLater(reader: Reader, { slices }: ReaderDeps): void {
  setTimeout(() => slices.wake(reader), retryMs).unref()
}

/** Resolves once the client has read enough; ends its subscription if that takes too long. */
async function drained(subscription: Subscription): Promise<void> {
  const isDrained = subscription.subscriber.drained().then(() => true)
  if (!(await within(patienceMs, isDrained))) subscription.end('too_slow')
}

function endAll(subscriptions: Iterable<Subscription>, error: unknown, { onError }: ReaderDeps): void {
  const reason: StreamEnd['reason'] = hasReason(error, 'sequence_too_old')
    ? 'sequence_too_old'
    : 'internal_error'
  if (reason === 'internal_error') onError(error)
  for (const each of [...subscriptions]) each.end(reason)
}
