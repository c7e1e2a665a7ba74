import { type Clock, systemClock } from '../async/clock.ts'
import type { Plan } from '../condition/plan.ts'
import type { Failure } from '../errors.ts'
import type { Identity } from '../permission/grant.ts'
import { isRefusal } from '../permission/live-caller.ts'
import { readablePredicates } from '../resource/records.ts'
import type { Resource } from '../resource/resource.ts'
import type { Change } from './change-log.ts'
import type { Cursors, CursorWriter, StreamReader } from './cursor.ts'
import { type Wanted, wantedOf } from './wanted.ts'

/** Why a subscription ended, and the place up to which its client has everything. */
export interface StreamEnd {
  readonly reason: Extract<
    Failure,
    'too_slow' | 'permission_denied' | 'sequence_too_old' | 'server_stopping' | 'internal_error'
  >
  readonly cursor: string
}

/** A change's position in a subscription: its count (1, 2, 3 …) and the cursor the client resumes from. */
export interface Place {
  readonly number: number
  readonly cursor: string
}

/** The client's end of a subscription, whatever carries it. */
export interface Subscriber {
  /** Changes behind this place follow. */
  started(cursor: string): void
  send(change: Change, place: Place): void
  /** Nothing was sent for a while; everything up to this position was checked. */
  heartbeat(cursor: string): void
  /** The last message of a subscription. */
  ended(end: StreamEnd): void
  /** Bytes that lie in our memory because the client has not read them. */
  unread(): number
  /** Resolves once the client has read most of it, or has disconnected. */
  drained(): Promise<void>
}

export interface SubscriptionOptions {
  readonly resource: Resource
  /** Filters alone, see PlanOptions. */
  readonly plan: Plan
  readonly caller: Identity
  /**
   * Looks the caller up again: the same object for all with the same credential. Throws RpcError 101 or 102
   * when the credential is no longer valid.
   */
  reauthenticate(): Promise<Identity>
  readonly subscriber: Subscriber
  /** The ticket that it was begun with. */
  readonly ticket?: string
  /** Tells when the caller's credential is over; default: the system's. */
  readonly clock?: Clock
}

/** The result of looking a caller up again; `unknown`: the database cannot answer right now. */
export type Refreshed = 'same' | 'changed' | 'ended' | 'unknown'

/** A client with more unread is not sent anything any more. */
export const maxUnreadBytes = 4 * 1024 * 1024

/** What one client wants of one resource, and how far it has come. */
export class Subscription {
  readonly resource: Resource
  readonly subscriber: Subscriber
  /** The key of the token that it was begun with. */
  readonly token: string
  /** The sequence number up to which everything was looked at. */
  cursor = 0
  hasEnded = false
  sentAt = 0
  readonly #options: SubscriptionOptions
  readonly #cursors: Cursors
  readonly #onEnd: (subscription: Subscription) => void
  readonly #clock: Clock
  /**
   * Counts possible changes of tokens, and the count at the caller's last lookup; equal
   * to begin with.
   */
  #changes = 1
  #lookedUpAt = 0
  #sent = 0
  #identity: Identity
  #cursorWriter: CursorWriter
  #wanted: Wanted

  /** Throws RpcError 102 if the caller may read none of the rows it asks for. */
  constructor(options: SubscriptionOptions, cursors: Cursors, onEnd: (subscription: Subscription) => void) {
    this.resource = options.resource
    this.subscriber = options.subscriber
    this.token = options.caller.tokenKey
    this.#options = options
    this.#cursors = cursors
    this.#onEnd = onEnd
    this.#clock = options.clock ?? systemClock
    this.#identity = options.caller
    this.#cursorWriter = cursors.writerFor(this.reader)
    this.#wanted = permitted(options, options.caller)
  }

  /** The conditions a row must match: the client's and those of its permissions. */
  get wanted(): Wanted {
    return this.#wanted
  }

  get reader(): StreamReader {
    return { resource: this.resource, caller: this.#identity, ticket: this.#options.ticket }
  }

  /**
   * Tokens may have changed, or the credential has expired: nothing is sent until the caller is looked up.
   */
  get isStale(): boolean {
    return this.#lookedUpAt < this.#changes || this.#clock() > (this.#identity.validTo ?? Infinity)
  }

  /** To be called when tokens may have changed. */
  markStale(): void {
    this.#changes++
  }

  /** The caller as last looked up: the same object for every subscription with the same credential. */
  get caller(): Identity {
    return this.#identity
  }

  /** Looks the caller up again, see SubscriptionOptions. */
  reauthenticate(): Promise<Identity> {
    return this.#options.reauthenticate()
  }

  /** How often tokens may have changed. */
  get changes(): number {
    return this.#changes
  }

  /**
   * Applies a lookup that began after this many `changes`; it does not reflect a later change.
   * Ends the subscription if the caller may no longer read any of it.
   */
  async refresh(answer: Promise<Identity>, changes: number): Promise<Refreshed> {
    try {
      const identity = await answer
      if (this.hasEnded) return 'ended'
      this.#lookedUpAt = Math.max(this.#lookedUpAt, changes)
      if (identity === this.#identity) return 'same'
      const before = this.#wanted
      const wanted = permitted(this.#options, identity)
      this.#identity = identity
      this.#cursorWriter = this.#cursors.writerFor(this.reader)
      if (wanted.key === before.key) return 'same'
      this.#wanted = wanted
      return 'changed'
    } catch (error) {
      if (!isRefusal(error)) return 'unknown'
      this.end('permission_denied')
      return 'ended'
    }
  }

  /** Sends a change that is wanted; ends the subscription of a client that does not read. */
  give(change: Change): void {
    if (this.hasEnded) return
    if (this.subscriber.unread() > maxUnreadBytes) {
      this.cursor = change.number - 1
      this.end('too_slow')
      return
    }
    this.#sent += 1
    this.cursor = change.number
    this.subscriber.send(change, { number: this.#sent, cursor: this.#cursorWriter.ofChange(change.number) })
    this.sentAt = performance.now()
  }

  start(): void {
    this.subscriber.started(this.#place())
    this.sentAt = performance.now()
  }

  heartbeat(): void {
    this.subscriber.heartbeat(this.#place())
  }

  #place(): string {
    return this.#cursorWriter.place(this.cursor)
  }

  end(reason: StreamEnd['reason']): void {
    if (this.hasEnded) return
    this.close()
    this.subscriber.ended({ reason, cursor: this.#place() })
  }

  /** The client has left, so no closing message is sent. */
  close(): void {
    if (this.hasEnded) return
    this.hasEnded = true
    this.#onEnd(this)
  }
}

function permitted({ resource, plan, clock = systemClock }: SubscriptionOptions, identity: Identity): Wanted {
  return wantedOf(readablePredicates(resource, identity, plan), clock)
}
