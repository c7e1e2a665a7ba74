import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { planConditions } from '../../src/condition/plan.ts'
import type { Database } from '../../src/database/database.ts'
import { rawStatement } from '../../src/database/statement.ts'
import { RpcError } from '../../src/errors.ts'
import { type Identity, permissionDenied } from '../../src/permission/grant.ts'
import { jsResult } from '../../src/resource/kind/js-result.ts'
import { createHub, type Hub, type HubOptions, type Subscribed } from '../../src/stream/hub.ts'
import { type Sequencer, startSequencer } from '../../src/stream/sequencer.ts'
import { maxUnreadBytes } from '../../src/stream/subscription.ts'
import { type Call, createCaller, superToken, workerHolder } from '../resource/caller.ts'
import { openTestDatabase } from '../support/databases.ts'
import {
  numbersTo,
  type RecordingSubscriber,
  recordingSubscriber,
  testCursors,
} from './recording-subscriber.ts'

const soon = { interval: 10, timeout: 5000 }

interface Following {
  readonly after?: number
  readonly condition?: readonly unknown[]
  readonly caller?: Identity
  readonly reauthenticate?: () => Promise<Identity>
  readonly clock?: () => number
  readonly on?: Hub
}

interface Followed {
  readonly subscriber: RecordingSubscriber
  readonly subscribed: Subscribed
}

describe('the hub', () => {
  let database: Database
  let sequencer: Sequencer
  let hub: Hub
  let call: Call
  /** The last number there is. */
  let last = 0

  beforeAll(async () => {
    database = await openTestDatabase('postgres')
    call = createCaller(database)
    sequencer = await startSequencer({ database, onError: rethrow })
    hub = await createHub({ database, cursors: testCursors, onError: rethrow })
    return async () => {
      await hub.close()
      await sequencer.close()
      await database.close()
    }
  })

  const opened: Followed[] = []
  afterEach(() => {
    for (const { subscribed } of opened.splice(0)) subscribed.close()
    expect(hub.count()).toBe(0)
  })

  async function append(...names: readonly string[]): Promise<readonly number[]> {
    const rows = names.map(js_worker_name => ({ js_worker_name, start_time: 1 }))
    const { ids } = await call<{ ids: number[] }>('js-result_append', { rows })
    last += names.length
    return ids
  }

  async function untilNumbered(): Promise<void> {
    await expect.poll(() => hub.log.position(jsResult), soon).toBe(last)
  }

  async function prepare(following: Following = {}): Promise<Followed> {
    const {
      after,
      condition = [],
      caller = superToken,
      reauthenticate = async () => caller,
      clock,
      on = hub,
    } = following
    const subscriber = recordingSubscriber()
    const { language } = jsResult
    const options = { language, path: '', maxConditions: 32, allowAll: false, filtersOnly: true }
    const plan = planConditions(condition, options)
    const asked = { resource: jsResult, plan, caller, reauthenticate, subscriber, ...(clock && { clock }) }
    const followed = { subscriber, subscribed: await on.subscribe(asked, after) }
    opened.push(followed)
    return followed
  }

  async function follow(following: Following = {}): Promise<RecordingSubscriber> {
    const { subscriber, subscribed } = await prepare(following)
    subscribed.start()
    return subscriber
  }

  async function otherHub(options: Partial<HubOptions>): Promise<Hub> {
    const other = await createHub({ database, cursors: testCursors, onError: rethrow, ...options })
    onTestFinished(other.close)
    return other
  }

  test('counts a length of time from each change, not from the subscription', async () => {
    await untilNumbered()
    let now = 10
    const subscriber = await follow({ condition: [{ start_time_since: '10ms' }], clock: () => now })
    const everything = await follow()
    const [first] = await append('since')
    await expect.poll(() => everything.changes.length, soon).toBe(1)
    now = 12
    await append('since')
    await expect.poll(() => everything.changes.length, soon).toBe(2)
    now = 11
    const [third] = await append('since')
    await expect
      .poll(() => subscriber.changes.map(each => each.row().members.id), soon)
      .toEqual([first, third])
  })

  test('delivers every change once, in order and with its number, as the record is now', async () => {
    await untilNumbered()
    const before = last
    const { subscriber, subscribed } = await prepare()
    subscribed.start()
    expect(subscriber.starts).toEqual([`${before}`])
    const [id] = await append('a', 'b')
    await expect.poll(() => subscriber.numbers(), soon).toEqual(numbersTo(last, before + 1))
    await call('js-result_finish', { id, result: { n: 1 }, finish_time: 5 })
    last += 1
    await expect.poll(() => subscriber.changes.at(-1)?.number, soon).toBe(last)
    expect(JSON.parse(subscriber.changes.at(-1)?.text ?? '')).toMatchObject({ id, result: { n: 1 } })
  })

  test('brings whoever comes while much happens up to date without a hole or a repetition', async () => {
    await untilNumbered()
    const followers: { after: number; subscriber: RecordingSubscriber }[] = []
    let isWriting = true
    const writers = [1, 2, 3].map(async () => {
      for (let i = 0; i < 60; i++) await append('x', 'y')
    })
    const joining = (async () => {
      while (isWriting) {
        const position = await hub.log.position(jsResult)
        const after = Math.floor(Math.random() * (position + 1))
        followers.push({ after, subscriber: await follow({ after }) })
        // At times nobody is there at all.
        if (Math.random() < 0.2) {
          const leaving = opened.splice(0)
          for (const { subscribed } of leaving) subscribed.close()
          followers.splice(0)
        }
        await sleep(Math.random() * 4)
      }
    })()
    await Promise.all(writers)
    followers.push({ after: 0, subscriber: await follow({ after: 0 }) })
    isWriting = false
    await joining
    for (const { after, subscriber } of followers) {
      await expect.poll(() => subscriber.numbers().at(-1) ?? after, soon).toBe(last)
      expect(subscriber.numbers()).toEqual(numbersTo(last, after + 1))
    }
  })

  test('does not deliver a record that was deleted, and goes on behind its number', async () => {
    await untilNumbered()
    const after = last
    const [, id] = await append('kept', 'gone', 'kept')
    await untilNumbered()
    await call('js-result_delete', { query: { condition: [{ id }] } })
    const subscriber = await follow({ after })
    await expect.poll(() => subscriber.numbers(), soon).toEqual([after + 1, after + 3])
  })

  test('says how far it is to who gets nothing', async () => {
    await untilNumbered()
    const on = await otherHub({ heartbeatMs: 30 })
    const idle = await follow({ on, condition: [{ js_worker_name: 'never' }] })
    await append('other')
    await expect.poll(() => idle.heartbeats.at(-1), soon).toBe(`${last}`)
    expect(idle.changes).toEqual([])
  })

  describe('a number that cannot be gone on from', () => {
    test('is refused when it was not given out yet', async () => {
      await untilNumbered()
      const refused = { code: 108, data: { reason: 'sequence_ahead', path: 'after', last } }
      await expect(prepare({ after: last + 1 })).rejects.toMatchObject(refused)
    })

    test('is refused with the oldest one when it is not kept any more, also of who comes to it too late', async () => {
      await append('old')
      await untilNumbered()
      const late = await prepare({ after: last - 1 })
      await append('older', 'newer')
      await untilNumbered()
      await database.run(
        rawStatement(`delete from record_change where resource = 'js-result' and last_number < $1`),
        [last],
      )
      const oldest = last - 1
      const refused = { code: 108, data: { reason: 'sequence_too_old', path: 'after', oldest } }
      await expect(prepare({ after: oldest - 2 })).rejects.toMatchObject(refused)
      await expect(prepare({ after: 0 })).rejects.toMatchObject(refused)
      const just = await follow({ after: oldest - 1 })
      await expect.poll(() => just.numbers(), soon).toEqual([oldest, last])
      late.subscribed.start()
      await expect.poll(() => late.subscriber.ends, soon).toMatchObject([{ reason: 'sequence_too_old' }])
    })
  })

  describe('a client that does not read', () => {
    test('is ended with its last number, from which it goes on without a hole', async () => {
      await untilNumbered()
      const slow = await follow()
      const other = await follow()
      const before = last
      await append('a', 'b')
      await expect.poll(() => slow.numbers(), soon).toHaveLength(2)
      slow.unreadBytes = maxUnreadBytes + 1
      await append('c', 'd')
      await expect.poll(() => other.numbers(), soon).toHaveLength(4)
      expect(slow.ends).toEqual([{ reason: 'too_slow', cursor: `${before + 2}` }])
      expect(slow.numbers()).toEqual([before + 1, before + 2])
      const again = await follow({ after: before + 2 })
      await expect.poll(() => again.numbers(), soon).toEqual([before + 3, before + 4])
    })

    test('is waited for while it catches up', async () => {
      await append('a', 'b')
      await untilNumbered()
      const { subscriber, subscribed } = await prepare({ after: last - 2 })
      subscriber.unreadBytes = maxUnreadBytes
      subscribed.start()
      await append('c')
      await untilNumbered()
      await sleep(50)
      expect(subscriber.numbers()).toEqual([])
      subscriber.readAll()
      await expect.poll(() => subscriber.numbers(), soon).toEqual([last - 2, last - 1, last])
    })
  })

  describe('whose caller changes', () => {
    const reader = workerHolder('read', 'mine', 'shared')
    const narrowed = workerHolder('read', 'shared')

    test('delivers nothing by old rights, however long the new ones take to be found', async () => {
      await untilNumbered()
      const found = Promise.withResolvers<Identity>()
      let hasChanged = false
      const again = () => (hasChanged ? found.promise : Promise.resolve(reader))
      const subscriber = await follow({ caller: reader, reauthenticate: again })
      await append('mine', 'shared', 'foreign')
      await expect.poll(() => namesOf(subscriber), soon).toEqual(['mine', 'shared'])

      hasChanged = true
      hub.refresh()
      // The hub has begun to look everybody up by itself, and has no answer yet.
      await sleep(1100)
      await append('mine', 'shared')
      await sleep(150)
      expect(namesOf(subscriber)).toEqual(['mine', 'shared'])
      found.resolve(narrowed)
      await expect.poll(() => namesOf(subscriber), soon).toEqual(['mine', 'shared', 'shared'])
    })

    test('is looked up once for all who presented the same', async () => {
      await untilNumbered()
      let lookups = 0
      const again = async () => {
        lookups++
        return reader
      }
      const all = await Promise.all(
        Array.from({ length: 50 }, () => follow({ caller: reader, reauthenticate: again })),
      )
      await append('mine')
      for (const each of all) await expect.poll(() => namesOf(each), soon).toEqual(['mine'])
      lookups = 0
      hub.refresh()
      await append('shared')
      for (const each of all) await expect.poll(() => namesOf(each), soon).toEqual(['mine', 'shared'])
      // The hub looks everybody up each second besides.
      expect(lookups).toBeLessThan(25)
    })

    test('delivers what new rights add', async () => {
      await untilNumbered()
      let identity = narrowed
      const subscriber = await follow({ caller: identity, reauthenticate: async () => identity })
      await append('mine', 'shared')
      await expect.poll(() => namesOf(subscriber), soon).toEqual(['shared'])
      identity = reader
      hub.refresh()
      await append('mine')
      await expect.poll(() => namesOf(subscriber), soon).toEqual(['shared', 'mine'])
    })

    test('looks up again what changes while it is looked up', async () => {
      await untilNumbered()
      const steps = [reader, narrowed]
      let isChanging = false
      const subscriber = await follow({
        caller: reader,
        async reauthenticate() {
          const identity = steps[0] ?? reader
          if (isChanging) {
            isChanging = false
            // What was read before the change arrives after it.
            steps.shift()
            hub.refresh()
          }
          return identity
        },
      })
      await append('shared')
      await expect.poll(() => namesOf(subscriber), soon).toEqual(['shared'])
      isChanging = true
      hub.refresh()
      await append('mine', 'shared')
      await expect.poll(() => namesOf(subscriber), soon).toEqual(['shared', 'shared'])
    })

    test('sees a change between the asking and the start', async () => {
      await untilNumbered()
      const { subscriber, subscribed } = await prepare({
        caller: reader,
        reauthenticate: async () => narrowed,
      })
      hub.refresh()
      await append('mine', 'shared')
      subscribed.start()
      await expect.poll(() => namesOf(subscriber), soon).toEqual(['shared'])
    })

    test('ends when that is nobody any more, or may read nothing of what was asked for', async () => {
      await untilNumbered()
      const gone = await follow({ reauthenticate: async () => Promise.reject(permissionDenied()) })
      const nothing = await follow({
        caller: reader,
        condition: [{ js_worker_name: 'mine' }],
        reauthenticate: async () => narrowed,
      })
      hub.refresh()
      await append('mine')
      for (const { ends, changes } of [gone, nothing]) {
        await expect.poll(() => ends, soon).toMatchObject([{ reason: 'permission_denied' }])
        expect(changes).toEqual([])
      }
      expect(gone.ends[0]?.cursor).toBe(`${last - 1}`)
      const place = { resource: jsResult, caller: reader }
      expect(testCursors.read(place, nothing.ends[0]?.cursor ?? '', 'after')).toBe(last - 1)
      expect(hub.count()).toBe(0)
    })

    test('ends at the moment when the credential is over, and soon if nothing happens', async () => {
      await untilNumbered()
      let now = 1000
      const caller = { ...reader, validTo: 2000 }
      const expired = new RpcError('credential_expired', 'over')
      const again = async () => (now > 2000 ? Promise.reject(expired) : caller)
      const busy = await follow({ caller, reauthenticate: again, clock: () => now })
      await append('mine')
      await expect.poll(() => namesOf(busy), soon).toEqual(['mine'])
      now = 2001
      await append('mine')
      await expect.poll(() => busy.ends, soon).toMatchObject([{ reason: 'permission_denied' }])
      expect(namesOf(busy)).toEqual(['mine'])

      now = 1000
      const idle = await follow({ caller, reauthenticate: again, clock: () => now })
      now = 2001
      await expect.poll(() => idle.ends, soon).toMatchObject([{ reason: 'permission_denied' }])
    })

    test('waits while the database cannot say who that is, and loses nothing', async () => {
      await untilNumbered()
      const before = last
      let isAway = false
      const away = new RpcError('database_unavailable', 'away')
      const subscriber = await follow({
        reauthenticate: async () => (isAway ? Promise.reject(away) : superToken),
      })
      await append('a')
      await expect.poll(() => subscriber.numbers(), soon).toEqual([before + 1])
      isAway = true
      hub.refresh()
      await append('b')
      await sleep(300)
      expect(subscriber.numbers()).toEqual([before + 1])
      isAway = false
      await expect.poll(() => subscriber.numbers(), soon).toEqual([before + 1, before + 2])
    })
  })

  test('sends nothing to who has left, and ends everybody when it closes', async () => {
    await untilNumbered()
    const on = await createHub({ database, cursors: testCursors, onError: rethrow })
    const { subscriber: left, subscribed } = await prepare({ on })
    subscribed.start()
    const stays = await follow({ on })
    const late = await prepare({ on })
    expect(on.count()).toBe(2)
    subscribed.close()
    expect(on.count()).toBe(1)
    await append('a')
    await expect.poll(() => stays.numbers(), soon).toEqual([last])
    await on.close()
    late.subscribed.start()
    const ended = [{ reason: 'server_stopping', cursor: `${last}` }]
    expect(stays.ends).toEqual(ended)
    expect(late.subscriber.ends).toMatchObject([{ reason: 'server_stopping' }])
    expect(left).toMatchObject({ changes: [], ends: [] })
    expect(on.count()).toBe(0)
  })
})

function namesOf({ changes }: RecordingSubscriber): readonly unknown[] {
  return changes.map(change => change.row().members.js_worker_name)
}

function rethrow(error: unknown): never {
  throw error
}
