import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { planConditions } from '../../src/condition/plan.ts'
import { resources } from '../../src/resource/kind/index.ts'
import type { Resource } from '../../src/resource/resource.ts'
import { createHub, type Hub, type Subscribed } from '../../src/stream/hub.ts'
import { type Sequencer, startSequencer } from '../../src/stream/sequencer.ts'
import { conditionClock, someCondition } from '../condition/random-condition.ts'
import { type Call, createCaller, superToken } from '../resource/caller.ts'
import { randomRows } from '../resource/random-row.ts'
import { recordAll } from '../resource/record-rows.ts'
import { describeEngines } from '../support/databases.ts'
import { type RecordingSubscriber, recordingSubscriber, testCursors } from './recording-subscriber.ts'

const listCount = 20
const rowCount = 120

/** A subscription to what fulfils everything in `condition`. */
interface Followed {
  readonly condition: readonly unknown[]
  readonly subscriber: RecordingSubscriber
  readonly subscribed: Subscribed
}

describeEngines('what a subscription delivers is what a query finds', open => {
  let hub: Hub
  let sequencer: Sequencer
  let call: Call
  let record: (resource: Resource) => Promise<number>

  beforeAll(async () => {
    const database = await open()
    call = createCaller(database, { now: conditionClock })
    record = async resource => {
      const keys = await recordAll({ database, call, resource }, randomRows(resource, rowCount))
      return keys.length
    }
    sequencer = await startSequencer({ database, onError: rethrow })
    hub = await createHub({ database, cursors: testCursors, onError: rethrow })
  })
  // Before the database: what beforeAll answers would be called after it has closed.
  afterAll(async () => {
    await hub.close()
    await sequencer.close()
  })

  async function follow(
    resource: Resource,
    condition: readonly unknown[],
    after?: number,
  ): Promise<Followed> {
    const subscriber = recordingSubscriber()
    const { language } = resource
    const plan = planConditions(condition, {
      language,
      path: 'query.condition',
      maxConditions: 1000,
      allowAll: false,
      filtersOnly: true,
    })
    const again = async () => superToken
    const subscribed = await hub.subscribe(
      { resource, plan, caller: superToken, reauthenticate: again, subscriber, clock: conditionClock },
      after,
    )
    subscribed.start()
    return { condition, subscriber, subscribed }
  }

  test.each(resources)('$name: as it happens, and afterwards from the beginning', async resource => {
    const lists = fc.sample(fc.array(someCondition(resource), { maxLength: 3 }), listCount)
    const live = await Promise.all([[], ...lists].map(condition => follow(resource, condition)))
    const count = await record(resource)
    const late = await Promise.all([[], ...lists].map(condition => follow(resource, condition, 0)))

    let found = 0
    for (const followers of [live, late]) {
      const [everything, ...others] = followers
      await expect.poll(() => everything?.subscriber.changes.length, { interval: 20 }).toBe(count)
      for (const { condition, subscriber } of others) {
        const query = { condition: [...condition, { limit: 10_000 }] }
        const rows = await call<Record<string, unknown>[]>(`${resource.name}_query`, { query })
        await expect
          .poll(() => keysOf(resource, subscriber), { message: JSON.stringify(condition), interval: 20 })
          .toEqual(rows.map(row => row[resource.ordering.key]).toSorted(ascending))
        expect(subscriber.numbers()).toEqual(subscriber.numbers().toSorted(ascending))
        found += rows.length
      }
    }
    expect(found).toBeGreaterThan(0)
    for (const { subscribed } of [...live, ...late]) subscribed.close()
    expect(hub.count()).toBe(0)
  })
})

function keysOf(resource: Resource, { changes }: RecordingSubscriber): readonly unknown[] {
  return changes.map(change => change.row().members[resource.ordering.key]).toSorted(ascending)
}

function ascending(a: unknown, b: unknown): number {
  return Number(a) - Number(b)
}

function rethrow(error: unknown): never {
  throw error
}
