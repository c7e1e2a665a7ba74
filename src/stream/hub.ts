import type { Database } from '../database/database.ts'
import { repeat } from '../repeat.ts'
import type { Resource } from '../resource/resource.ts'
import { type ChangeLog, createChangeLog } from './change-log.ts'
import { createFeed, type Feed } from './feed.ts'
import { numberedChannel } from './sequencer.ts'
import { type StreamEnd, Subscription, type SubscriptionOptions } from './subscription.ts'

/** Where live changes are had from, on this server. */
export interface Hub {
  readonly log: ChangeLog
  /**
   * Subscribes from behind `after`, or from now on. Nothing is sent before `start`. Throws RpcError 102, and 108
   * (`sequence_too_old`, `sequence_ahead`).
   */
  subscribe(options: SubscriptionOptions, after: number | undefined): Promise<Subscribed>
  /** To be called when tokens may have changed. */
  refresh(): void
  /** How many subscriptions there are. */
  count(): number
  close(): Promise<void>
}

export interface Subscribed {
  /** The number behind which changes come. */
  readonly position: number
  start(): void
  close(): void
  /** Ends it, and tells the client why. */
  end(reason: StreamEnd['reason']): void
}

export interface HubOptions {
  readonly database: Database
  onError(error: unknown): void
  /** How often a client that gets nothing hears how far the stream is; default 15 s. */
  readonly heartbeatMs?: number
  /** Without a notification new numbers are looked for after this time; default 1 s. */
  readonly pollMs?: number
}

export async function createHub(options: HubOptions): Promise<Hub> {
  const { database, onError, heartbeatMs = 15_000, pollMs = 1000 } = options
  const log = createChangeLog(database)
  const feeds = new Map<Resource, Feed>()
  let closed = false
  let closing: Promise<void> | undefined

  function feedOf(resource: Resource): Feed {
    const feed = feeds.get(resource) ?? createFeed({ resource, log, onError })
    feeds.set(resource, feed)
    return feed
  }

  function* subscriptions(): Generator<Subscription> {
    for (const feed of feeds.values()) yield* feed.subscriptions
  }

  const wake = (): void => {
    for (const feed of feeds.values()) feed.wake()
  }

  function refresh(): void {
    for (const feed of feeds.values()) feed.refresh()
  }

  // Nobody tells when a credential's time is over.
  async function poll(): Promise<void> {
    refresh()
    await Promise.all([...feeds.values()].map(feed => feed.review()))
    wake()
  }

  async function beat(): Promise<void> {
    const since = performance.now() - heartbeatMs
    for (const each of subscriptions()) if (each.sentAt < since) each.subscriber.heartbeat(each.cursor)
  }

  async function close(): Promise<void> {
    closed = true
    for (const each of [...subscriptions()]) each.end('server_stopping')
    await stopListening()
    await Promise.all([polling.stop(), beating.stop()])
  }

  const stopListening = await database.listen(numberedChannel, wake)
  const polling = repeat(pollMs, poll, onError)
  const beating = repeat(heartbeatMs, beat, onError)

  return {
    log,
    refresh,
    count: () => [...subscriptions()].length,
    async subscribe(subscribing, after) {
      const { resource } = subscribing
      const feed = feedOf(resource)
      const subscription = new Subscription(subscribing, 0, each => feed.leave(each))
      if (after !== undefined) await log.requireKept(resource, after, 'after')
      subscription.cursor = after ?? (await log.position(resource))
      return {
        position: subscription.cursor,
        start() {
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
