import { beforeAll, describe, expect, test } from 'vitest'
import { planConditions } from '../../src/condition/plan.ts'
import type { Database } from '../../src/database/database.ts'
import { serviceEvent } from '../../src/resource/kind/service-event.ts'
import { type ChangeLog, createChangeLog } from '../../src/stream/change-log.ts'
import { createFeed, type Feed } from '../../src/stream/feed.ts'
import { type Sequencer, startSequencer } from '../../src/stream/sequencer.ts'
import { Subscription } from '../../src/stream/subscription.ts'
import { createTimeSlices } from '../../src/stream/time-slices.ts'
import { createCaller, superToken } from '../resource/caller.ts'
import { plainRow } from '../resource/record-rows.ts'
import { openTestDatabase } from '../support/databases.ts'
import { type RecordingSubscriber, recordingSubscriber, testCursors } from './recording-subscriber.ts'

const soon = { interval: 5, timeout: 5000 }

/** The change log, whose answers can be held back as a slow connection does. */
interface HeldLog extends ChangeLog {
  /** Holds back the answer to the next reading; resolves when that has been read. Call the result to let it go. */
  holdNext(): Promise<() => void>
}

function holdable(log: ChangeLog): HeldLog {
  let onRead: ((release: () => void) => void) | undefined
  return {
    ...log,
    holdNext: () =>
      new Promise(resolve => {
        onRead = resolve
      }),
    async read(...args) {
      const tell = onRead
      onRead = undefined
      const changes = await log.read(...args)
      if (tell !== undefined) await new Promise<void>(tell)
      return changes
    },
  }
}

describe('a feed', () => {
  let database: Database
  let sequencer: Sequencer
  let log: HeldLog
  let last = 0

  beforeAll(async () => {
    database = await openTestDatabase('postgres')
    sequencer = await startSequencer({ database, onError: rethrow })
    log = holdable(createChangeLog(database))
    return async () => {
      await sequencer.close()
      await database.close()
    }
  })

  /** Appends one row, and resolves when it has its number. */
  async function append(): Promise<void> {
    await createCaller(database)('service-event_append', { rows: [plainRow(serviceEvent, 's')] })
    last += 1
    await expect.poll(() => log.position(serviceEvent), soon).toBe(last)
  }

  function follow(feed: Feed, after: number): RecordingSubscriber {
    const subscriber = recordingSubscriber()
    const { language } = serviceEvent
    const options = { language, path: '', maxConditions: 1, allowAll: false, filtersOnly: true }
    const plan = planConditions([], options)
    const asked = {
      resource: serviceEvent,
      plan,
      caller: superToken,
      reauthenticate: async () => superToken,
      subscriber,
    }
    const subscription = new Subscription(asked, testCursors, each => feed.leave(each))
    subscription.cursor = after
    feed.follow(subscription)
    return subscriber
  }

  function leaveAll(feed: Feed): void {
    for (const each of [...feed.subscriptions]) each.close()
  }

  /** A feed that one subscriber follows live. */
  async function liveFeed(): Promise<{ feed: Feed; first: RecordingSubscriber }> {
    const feed = createFeed({
      resource: serviceEvent,
      log,
      slices: createTimeSlices(rethrow),
      onError: rethrow,
    })
    const first = follow(feed, last)
    await append()
    feed.wake()
    await expect.poll(() => first.numbers(), soon).toEqual([last])
    return { feed, first }
  }

  test('misses nothing for who finds nothing more while the others are given something', async () => {
    const feed = createFeed({
      resource: serviceEvent,
      log,
      slices: createTimeSlices(rethrow),
      onError: rethrow,
    })
    const held = log.holdNext()
    const late = follow(feed, last)
    const release = await held
    const other = follow(feed, last)
    await append()
    feed.wake()
    await expect.poll(() => other.numbers(), soon).toEqual([last])
    release()
    await expect.poll(() => late.numbers(), soon).toEqual([last])
    leaveAll(feed)
  })

  test('repeats nothing for who comes from further on than the others are', async () => {
    const { feed, first } = await liveFeed()
    await append()
    const held = log.holdNext()
    feed.wake()
    const release = await held
    const ahead = follow(feed, last)
    await append()
    release()
    feed.wake()
    await expect.poll(() => first.numbers(), soon).toEqual([last - 2, last - 1, last])
    await expect.poll(() => ahead.numbers(), soon).toEqual([last])
    leaveAll(feed)
  })

  test('gives nothing to who left while it was read, and goes on for who comes then', async () => {
    const { feed } = await liveFeed()
    await append()
    const held = log.holdNext()
    feed.wake()
    const release = await held
    leaveAll(feed)
    const next = follow(feed, last - 2)
    await expect.poll(() => next.numbers(), soon).toEqual([last - 1, last])
    release()
    await append()
    feed.wake()
    await expect.poll(() => next.numbers(), soon).toEqual([last - 2, last - 1, last])
    leaveAll(feed)
  })
})

function rethrow(error: unknown): never {
  throw error
}
