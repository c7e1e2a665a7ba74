import fc from 'fast-check'
import { expect, test } from 'vitest'
import { systemClock } from '../../src/async/clock.ts'
import { allMatch, type MatchedRow } from '../../src/condition/match.ts'
import { planConditions } from '../../src/condition/plan.ts'
import { serviceEvent } from '../../src/resource/kind/service-event.ts'
import type { Change } from '../../src/stream/change-log.ts'
import { createLane } from '../../src/stream/lane.ts'
import { Subscription } from '../../src/stream/subscription.ts'
import type { Slice } from '../../src/stream/time-slices.ts'
import { someCondition } from '../condition/random-condition.ts'
import { superToken } from '../resource/caller.ts'
import { randomRows } from '../resource/random-row.ts'
import { recordingSubscriber, testCursors } from './recording-subscriber.ts'

const changes: readonly Change[] = randomRows(serviceEvent, 30).map((members, i) => {
  const row: MatchedRow = {
    members: { id: i, ...members },
    nulls: new Set(),
    payloadText: name => JSON.stringify(members[name]),
    lowered: new Map(),
  }
  return { number: i + 1, text: JSON.stringify(members), row: () => row }
})

function subscriptionTo(conditions: readonly unknown[]) {
  const { language } = serviceEvent
  const options = { language, path: '', maxConditions: 1000, allowAll: false, filtersOnly: true }
  const plan = planConditions(conditions, options)
  const subscriber = recordingSubscriber()
  const asked = {
    resource: serviceEvent,
    plan,
    caller: superToken,
    reauthenticate: async () => superToken,
    subscriber,
  }
  const subscription = new Subscription(asked, testCursors, () => undefined)
  return { subscription, subscriber, matches: allMatch(plan.predicates, systemClock) }
}

const some = fc.array(fc.array(someCondition(serviceEvent), { maxLength: 2 }), {
  minLength: 1,
  maxLength: 16,
})

test('a lane gives everybody all that they want once and in order, wherever slices end', () => {
  fc.assert(
    fc.property(some, fc.array(fc.boolean(), { minLength: 1, maxLength: 50 }), (lists, ends) => {
      // Each twice: those that want the same are matched together.
      const all = [...lists, ...lists].map(subscriptionTo)
      const lane = createLane(0)
      const [late, ...early] = all
      for (const { subscription } of early) lane.add(subscription)
      let at = 0
      let joinedAt = changes.length
      for (let rounds = 0; lane.cursor < changes.length; rounds++) {
        expect(rounds).toBeLessThan(5000)
        let spent = 0
        // The first thing of each slice is done, then chance decides.
        const slice: Slice = { spend: () => spent++ > 1 && (ends[at++ % ends.length] ?? false) }
        lane.match({ changes, through: changes.length, isEnd: true }, slice)
        if (rounds === 3 && late !== undefined) {
          late.subscription.cursor = lane.cursor
          lane.add(late.subscription)
          joinedAt = lane.cursor
        }
      }
      for (const { subscriber, matches } of early) {
        const wanted = changes.filter(change => matches(change.row())).map(({ number }) => number)
        expect(subscriber.numbers()).toEqual(wanted)
      }
      const wanted = changes.filter(change => change.number > joinedAt && late?.matches(change.row()))
      expect(late?.subscriber.numbers()).toEqual(wanted.map(({ number }) => number))
    }),
    { numRuns: 100 },
  )
})
