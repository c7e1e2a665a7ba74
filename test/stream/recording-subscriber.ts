import type { Change } from '../../src/stream/change-log.ts'
import { createCursors } from '../../src/stream/cursor.ts'
import type { Place, StreamEnd, Subscriber } from '../../src/stream/subscription.ts'

/** What the cursors of tests are sealed with. */
export const testCursors = createCursors('a secret text of these tests')

/** A client's end that keeps what it is sent. */
export interface RecordingSubscriber extends Subscriber {
  readonly changes: Change[]
  /** Where it began. */
  readonly starts: string[]
  readonly places: Place[]
  readonly heartbeats: string[]
  readonly ends: StreamEnd[]
  /** What lies unread; nothing is read by itself. */
  unreadBytes: number
  /** Reads all of it. */
  readAll(): void
  numbers(): readonly number[]
}

export function recordingSubscriber(): RecordingSubscriber {
  let onRead = (): void => undefined
  const subscriber: RecordingSubscriber = {
    changes: [],
    starts: [],
    places: [],
    heartbeats: [],
    ends: [],
    unreadBytes: 0,
    readAll() {
      subscriber.unreadBytes = 0
      onRead()
    },
    numbers: () => subscriber.changes.map(change => change.number),
    started: cursor => void subscriber.starts.push(cursor),
    send(change, place) {
      subscriber.changes.push(change)
      subscriber.places.push(place)
    },
    heartbeat: cursor => void subscriber.heartbeats.push(cursor),
    ended: end => void subscriber.ends.push(end),
    unread: () => subscriber.unreadBytes,
    drained: () =>
      new Promise(resolve => {
        onRead = resolve
      }),
  }
  return subscriber
}

/** 1, 2, … up to `last`, or from `first`. */
export function numbersTo(last: number, first = 1): readonly number[] {
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i)
}
