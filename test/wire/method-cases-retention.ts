import { expect } from 'vitest'
import { badQueries, type MethodCase, type Params } from './method-case.ts'
import type { Wire } from './support/wire.ts'

const rule: Params = { resource: 'service-event', query: { condition: [] }, older_than_ms: 1e13 }

const badRules: MethodCase['malformed'] = [
  ...badQueries,
  [{ query: { condition: ['last'] } }, 'query.condition[0]'],
  [{ resource: 'nope' }, 'resource'],
  [{ older_than_ms: 59_999 }, 'older_than_ms'],
]

const newRule = (wire: Wire) => wire.result<{ readonly id: number }>('retention_set', rule)

/** What is deleted when it is old enough. */
export const retentionCases: readonly MethodCase[] = [
  {
    method: 'retention_set',
    access: 'super',
    params: () => rule,
    result: { id: expect.any(Number) },
    malformed: badRules,
  },
  {
    method: 'retention_list',
    access: 'super',
    params: async wire => {
      await newRule(wire)
      return {}
    },
    result: { rules: expect.arrayContaining([expect.objectContaining(rule)]) },
    malformed: [],
  },
  {
    method: 'retention_preview',
    access: 'super',
    params: () => rule,
    result: { would_delete: 0, oldest: null },
    malformed: badRules,
  },
  {
    method: 'retention_delete',
    access: 'super',
    params: newRule,
    result: { success: true },
    malformed: [
      [{ id: undefined }, 'id'],
      [{ id: 'x' }, 'id'],
    ],
  },
]
