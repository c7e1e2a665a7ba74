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

/** Where a change stands in a subscription: 1, 2, 3 … of what it was sent, and where the client goes on behind it. */
export interface Place {
  readonly number: number
  readonly cursor: string
}

/** The client's end of a subscription, whatever carries it. */
export interface Subscriber {
  /** Changes behind this place follow. */
  started(cursor: string): void
  send(change: Change, place: Place): void
  /** Nothing was sent for a while; everything up to this place was looked at. */
  heartbeat(cursor: string): void
  /** Nothing comes after this. */
  ended(end: StreamEnd): void
  /** Bytes that lie in our memory because the client has not read them. */
  unread(): number
  /** Resolves once the client has read most of it, or is gone. */
  drained(): Promise<void>
}

export interface SubscriptionOptions {
  readonly resource: Resource
  /** Filters alone, see PlanOptions. */
  readonly plan: Plan
  readonly caller: Identity
  /**
   * Who the caller is by now: the same object for all who present the same. Throws RpcError 101 or 102 when that is nobody
   * any more.
   */
  reauthenticate(): Promise<Identity>
  readonly subscriber: Subscriber
  /** The ticket that it was begun with. */
  readonly ticket?: string
  /** Tells when the caller's credential is over; default: the system's. */
  readonly clock?: Clock
}

/** What looking a caller up anew has led to; `unknown`: the database may not say just now. */
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
  /** How often tokens may have changed, and what that was when the caller was looked up; not since it asked, to begin with. */
  #changes = 1
  #lookedUpAt = 0
  #sent = 0
  #identity: Identity
  #cursorWriter: CursorWriter
  #wanted: Wanted

  /** Throws RpcError 102 when the caller may read nothing of what it asks for. */
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

  /** All that a row must fulfil: what was asked for, and what is permitted. */
  get wanted(): Wanted {
    return this.#wanted
  }

  get reader(): StreamReader {
    return { resource: this.resource, caller: this.#identity, ticket: this.#options.ticket }
  }

  /** Whether tokens may have changed, or the credential's time is over: nothing is sent before the caller was looked up. */
  get isStale(): boolean {
    return this.#lookedUpAt < this.#changes || this.#clock() > (this.#identity.validTo ?? Infinity)
  }

  /** To be called when tokens may have changed. */
  markStale(): void {
    this.#changes++
  }

  /** Who the caller was when it was looked up last: the same object for those who presented the same. */
  get caller(): Identity {
    return this.#identity
  }

  /** Who the caller is by now, see SubscriptionOptions. */
  reauthenticate(): Promise<Identity> {
    return this.#options.reauthenticate()
  }

  /** How often tokens may have changed. */
  get changes(): number {
    return this.#changes
  }

  /**
   * Takes in who the caller is, asked after so many `changes`: one that came meanwhile is not seen by it. Ends the
   * subscription of one who may read nothing of it any more.
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

  /** The client has left: nobody is told. */
  close(): void {
    if (this.hasEnded) return
    this.hasEnded = true
    this.#onEnd(this)
  }
}

function permitted({ resource, plan }: SubscriptionOptions, identity: Identity): Wanted {
  return wantedOf(readablePredicates(resource, identity, plan))
}
