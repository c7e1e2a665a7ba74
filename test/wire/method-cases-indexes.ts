import { expect } from 'vitest'
import type { MethodCase } from './method-case.ts'

const index = { resource: 'service-event', field: 'project_id' }

const badFields: MethodCase['malformed'] = [
  [{ resource: 'nope' }, 'resource'],
  [{ field: undefined }, 'field'],
]

/** What is found by an index. */
export const indexCases: readonly MethodCase[] = [
  {
    method: 'index_add',
    access: 'super',
    params: () => index,
    result: { state: 'ready' },
    malformed: [
      ...badFields,
      [{ field: 'nope' }, 'field'],
      [{ field: 'event_info' }, 'field'],
      [{ field: 'service_id' }, 'field'],
      [{ field: 'duration' }, 'field'],
    ],
  },
  {
    method: 'index_list',
    access: 'super',
    params: () => ({ resource: 'service-event' }),
    result: { indexes: expect.arrayContaining([expect.objectContaining({ field: null, state: 'ready' })]) },
    malformed: [[{ resource: 'nope' }, 'resource']],
  },
  {
    method: 'index_remove',
    access: 'super',
    params: async wire => {
      await wire.result('index_add', index)
      return index
    },
    result: { success: true },
    malformed: badFields,
  },
]
