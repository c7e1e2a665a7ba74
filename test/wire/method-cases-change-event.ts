import { expect } from 'vitest'
import { samples } from '../compat/uipath/samples.ts'
import { badQueries, type MethodCase } from './method-case.ts'

const body = samples['a machine']
const other = samples['a queue item']

/** What change events have beside every resource's methods. */
export const changeEventCases: readonly MethodCase[] = [
  {
    method: 'change-event_publish',
    access: 'limits',
    params: () => ({ events: [{ body }, { body: other }] }),
    result: { accepted: 2 },
    malformed: [
      [{ events: undefined }, 'events'],
      [{ events: [] }, 'events'],
      [{ events: { body } }, 'events'],
      [{ events: [{ body: { ...body, EventType: 'machine.gone' } }] }, 'events[0].body.EventType'],
      [{ events: [{ body }, { body: other, extra: 1 }] }, 'events[1].extra'],
    ],
  },
  {
    method: 'change-event_envelopes',
    access: 'limits',
    params: () => ({ query: { condition: [] }, after: 0 }),
    result: expect.objectContaining({ envelopes: expect.any(Array) }),
    malformed: [...badQueries, [{ after: -1 }, 'after'], [{ after: 'x' }, 'after']],
  },
]
