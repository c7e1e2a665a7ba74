import type { Change } from '../../src/stream/change-log.ts'
import type { StreamEnd, Subscriber } from '../../src/stream/subscription.ts'

/** A client's end that keeps what it is sent. */
export interface RecordingSubscriber extends Subscriber {
  readonly changes: Change[]
  readonly heartbeats: number[]
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
    heartbeats: [],
    ends: [],
    unreadBytes: 0,
    readAll() {
      subscriber.unreadBytes = 0
      onRead()
    },
    numbers: () => subscriber.changes.map(change => change.number),
    send: change => void subscriber.changes.push(change),
    heartbeat: number => void subscriber.heartbeats.push(number),
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
