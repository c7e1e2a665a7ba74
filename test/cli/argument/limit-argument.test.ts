import { expect, test } from 'vitest'
import { readLimits, requireLimits } from '../../../src/cli/argument/limit-argument.ts'
import { UsageError } from '../../../src/cli/terminal/failure.ts'

const none = { scope: [], permission: [], limit: [] }

test('scopes and permissions make one limit, each --limit another', () => {
  const limits = readLimits({
    scope: ['global', 'js_worker=demo_*', '{"event":"a=b"}'],
    permission: ['js_result.read=demo_*', 'js_worker=list_all_js_worker'],
    limit: ['{"scopes":["global"],"permissions":[]}'],
  })
  expect(limits).toEqual([
    {
      scopes: ['global', { js_worker: 'demo_*' }, { event: 'a=b' }],
      permissions: [{ js_result: { read: 'demo_*' } }, { js_worker: 'list_all_js_worker' }],
    },
    { scopes: ['global'], permissions: [] },
  ])
})

test('a pattern may hold any character after the first equals sign', () => {
  const [limit] = readLimits({ ...none, scope: ['js_worker=a=b.c*'], permission: ['js_result.read=x.y=z'] })
  expect(limit).toEqual({
    scopes: [{ js_worker: 'a=b.c*' }],
    permissions: [{ js_result: { read: 'x.y=z' } }],
  })
})

test('a scope without a permission, JSON that is none and nothing at all are usage faults', () => {
  expect(() => readLimits({ ...none, scope: ['global'] })).toThrow(UsageError)
  expect(() => readLimits({ ...none, limit: ['{oops'] })).toThrow(UsageError)
  expect(() => requireLimits(none)).toThrow(UsageError)
})
