import { repeat } from '../async/repeat.ts'
import { channels } from '../database/channels.ts'
import type { Database } from '../database/database.ts'
import type { Resource } from '../resource/resource.ts'
import { type ChangeLog, createChangeLog, notKept } from './change-log.ts'
import { type Cursors, mayCount } from './cursor.ts'
import { createFeed, type Feed } from './feed.ts'
import { createMatchBudget, type MatchLimits } from './match-budget.ts'
import { type StreamEnd, Subscription, type SubscriptionOptions } from './subscription.ts'
import { createTimeSlices } from './time-slices.ts'

/** Where live changes are had from, on this server. */
export interface Hub {
  readonly log: ChangeLog
  readonly cursors: Cursors
  /**
   * Subscribes after `after` (a client's cursor or an internal sequence number), or from now on.
   * Nothing is sent before `start`. Throws RpcError 102, 110 (`subscriptions_too_costly`,
   * `server_subscriptions_too_costly`), -32602 (`bad_cursor`) and 108 (`cursor_required`, `sequence_too_old`,
   * `sequence_ahead`) at `path`.
   */
  subscribe(
    options: SubscriptionOptions,
    after: string | number | undefined,
    path?: string,
  ): Promise<Subscribed>
  /** To be called when tokens may have changed. */
  refresh(): void
  /** How many subscriptions there are. */
  count(): number
  /** How many there are of each resource, and how far the last of them is behind. */
  readings(): Promise<readonly StreamReading[]>
  close(): Promise<void>
}

/** The subscriptions to a resource on this server. */
export interface StreamReading {
  readonly resource: string
  readonly subscribers: number
  /** Numbers that the one that is furthest behind has still to look at. */
  readonly lag: number
  /** What they cost to match, in comparisons. */
  readonly cost: number
}

export interface Subscribed {
  /** Tells the client where it begins, and follows. */
  start(): void
  close(): void
  /** Ends it, and tells the client why. */
  end(reason: StreamEnd['reason']): void
}

export interface HubOptions {
  readonly database: Database
  readonly cursors: Cursors
  /** What subscriptions may cost to match; default: anything. */
  readonly limits?: MatchLimits
  onError(error: unknown): void
  /** How often an idle client is sent the stream's position; default 15 s. */
  readonly heartbeatMs?: number
  /** Without a notification new numbers are looked for after this time; default 1 s. */
  readonly pollMs?: number
}

export async function createHub(options: HubOptions): Promise<Hub> {
  const { database, cursors, limits, onError, heartbeatMs = 15_000, pollMs = 1000 } = options
  const log = createChangeLog(database)
  const feeds = createFeeds(log, onError)
  const budget = createMatchBudget(limits)
  let closed = false
  let closing: Promise<void> | undefined

  // No notification announces that a credential has expired.
  async function poll(): Promise<void> {
    feeds.refresh()
    await feeds.review()
    feeds.wake()
  }

  async function beat(): Promise<void> {
    const since = performance.now() - heartbeatMs
    for (const each of feeds.subscriptions()) if (each.sentAt < since) each.heartbeat()
  }

  async function close(): Promise<void> {
    closed = true
    for (const each of [...feeds.subscriptions()]) each.end('server_stopping')
    await stopListening()
    await Promise.all([polling.stop(), beating.stop()])
  }

  const stopListening = await database.listen(channels.numbered, feeds.wake)
  const polling = repeat(pollMs, poll, onError)
  const beating = repeat(heartbeatMs, beat, onError)

  return {
    log,
    cursors,
    refresh: feeds.refresh,
    count: () => [...feeds.subscriptions()].length,
    readings: feeds.readings,
    async subscribe(options, after, path = 'after') {
      const feed = feeds.of(options.resource)
      let giveBack = (): void => undefined
      const subscription = new Subscription(options, cursors, each => {
        feed.leave(each)
        giveBack()
      })
      // Reserved before the first await, so that concurrent calls cannot exceed the limit.
      giveBack = budget.take(subscription)
      try {
        subscription.cursor = await startOf(subscription, { log, cursors }, after, path)
      } catch (error) {
        subscription.close()
        throw error
      }
      return {
        start() {
          if (!subscription.hasEnded) subscription.start()
          if (closed) subscription.end('server_stopping')
          else if (!subscription.hasEnded) feed.follow(subscription)
        },
        close: () => subscription.close(),
        end: reason => subscription.end(reason),
      }
    },
    close() {
      closing ??= close()
      return closing
    },
  }
}

/** The feeds of all resources that are or were subscribed to. */
function createFeeds(log: ChangeLog, onError: (error: unknown) => void) {
  const slices = createTimeSlices(onError)
  const feeds = new Map<Resource, Feed>()
  return {
    of(resource: Resource): Feed {
      const feed = feeds.get(resource) ?? createFeed({ resource, log, slices, onError })
      feeds.set(resource, feed)
      return feed
    },
    *subscriptions(): Generator<Subscription> {
      for (const feed of feeds.values()) yield* feed.subscriptions
    },
    wake(): void {
      for (const feed of feeds.values()) feed.wake()
    },
    refresh(): void {
      for (const feed of feeds.values()) feed.refresh()
    },
    review: () => Promise.all([...feeds.values()].map(feed => feed.review())),
    readings: () =>
      Promise.all([...feeds].map(([resource, feed]) => readingOf(log, resource, feed.subscriptions))),
  }
}

/** The sequence number `after` stands for, if a subscription can resume from it. */
async function startOf(
  { resource, reader }: Subscription,
  { log, cursors }: Pick<Hub, 'log' | 'cursors'>,
  after: string | number | undefined,
  path: string,
): Promise<number> {
  if (after === undefined) return log.position(resource)
  const number = typeof after === 'number' ? after : cursors.read(reader, after, path)
  const fault = await log.whyNotKept(resource, number)
  if (fault === undefined) return number
  const { reason: _, ...numbers } = fault
  throw notKept(fault, path, {
    ...(mayCount(reader) && numbers),
    ...(numbers.oldest !== undefined && { after: cursors.writerFor(reader).place(numbers.oldest - 1) }),
  })
}

async function readingOf(
  log: ChangeLog,
  resource: Resource,
  subscriptions: ReadonlySet<Subscription>,
): Promise<StreamReading> {
  const last = subscriptions.size === 0 ? 0 : await log.position(resource)
  let lag = 0
  let cost = 0
  for (const { cursor, wanted } of subscriptions) {
    lag = Math.max(lag, last - cursor)
    cost += wanted.cost
  }
  return { resource: resource.name, subscribers: subscriptions.size, lag, cost }
}
