import { describe, expect, test } from 'vitest'
import { joinPath } from '../../src/json.ts'
import { compileLimits, tokenLimitSchema } from '../../src/permission/limit.ts'

/** The path of the first fault, or undefined when the list is accepted. */
function faultPath(limits: unknown): string | undefined {
  const issue = tokenLimitSchema.safeParse(limits).error?.issues[0]
  return issue && joinPath(issue.path)
}

const oneLimit = (scopes: unknown[], permissions: unknown[] = []) => [{ scopes, permissions }]
const patterns = (count: number) => Array.from({ length: count }, (_, i) => ({ js_worker: `w${i}` }))

describe('a limit list', () => {
  test.each([
    ['nothing', []],
    ['a global scope in both forms', oneLimit(['global', { global: null }])],
    ['workers and events', oneLimit([{ js_worker: 'demo_*' }, { event: 'a.b' }])],
    [
      'every permission',
      oneLimit(
        [],
        [{ js_result: { read: '*' } }, { change_event: { write: 'a' } }, { event_log: { delete: 'b*' } }],
      ),
    ],
    [
      'what NodeGet has and Daybook has not',
      oneLimit(
        [
          { agent_uuid: '0193f3c1-0000-7000-8000-000000000001' },
          { kv_namespace: 'a*b' },
          { static_bucket: 'b' },
          { db: 'c' },
        ],
        [
          { task: { create: 'ping' } },
          { task: 'listen' },
          { crontab: 'read' },
          { crontab_result: { read: 'a*' } },
          { kv: { read: 'x' } },
          { kv: 'list_all_keys' },
          { node_get: 'get_rt_pool' },
          { static_monitoring: { read: 'cpu' } },
          { terminal: { connect: null } },
          { js_worker: 'run_raw_js_worker' },
        ],
      ),
    ],
    ['1000 patterns', Array.from({ length: 10 }, () => ({ scopes: patterns(100), permissions: [] }))],
  ])('may hold %s', (_what, limits) => {
    expect(faultPath(limits)).toBeUndefined()
  })

  test.each([
    ['something else', {}, ''],
    ['an unknown word', oneLimit(['everything']), '[0].scopes[0]'],
    ['an unknown scope', oneLimit([{ machine: 'a' }]), '[0].scopes[0]'],
    ['two scopes in one object', oneLimit([{ js_worker: 'a', event: 'b' }]), '[0].scopes[0]'],
    ['an empty scope', oneLimit([{}]), '[0].scopes[0]'],
    ['a global scope with a pattern', oneLimit([{ global: '*' }]), '[0].scopes[0]'],
    ['a pattern that is no text', oneLimit([{ js_worker: 1 }]), '[0].scopes[0]'],
    ['a bad pattern in a scope', oneLimit([{ event: 'a' }, { js_worker: 'a*b' }]), '[0].scopes[1].js_worker'],
    [
      'a bad pattern in a permission',
      oneLimit([], [{ js_result: { read: '' } }]),
      '[0].permissions[0].js_result.read',
    ],
    ['an unknown permission', oneLimit([], [{ machine_log: { read: '*' } }]), '[0].permissions[0]'],
    ['an unknown verb', oneLimit([], [{ js_result: { run: '*' } }]), '[0].permissions[0].js_result'],
    [
      'two verbs in one object',
      oneLimit([], [{ js_result: { read: '*', write: '*' } }]),
      '[0].permissions[0].js_result',
    ],
    ['a foreign scope that is no text', oneLimit([{ agent_uuid: 1 }]), '[0].scopes[0]'],
    ['two foreign verbs', oneLimit([], [{ kv: { read: 'a', write: 'a' } }]), '[0].permissions[0].kv'],
    ['an unknown verb of workers', oneLimit([], [{ js_worker: 'burn' }]), '[0].permissions[0].js_worker'],
    ['an unknown member', [{ scopes: [], permissions: [], note: 1 }], '[0]'],
    ['no permissions', [{ scopes: [] }], '[0].permissions'],
    ['a key of the prototype', oneLimit([JSON.parse('{"__proto__":"*"}')]), '[0].scopes[0]'],
    ['an inherited name', oneLimit([], [{ constructor: { read: '*' } }]), '[0].permissions[0]'],
    ['101 limits', Array.from({ length: 101 }, () => ({ scopes: [], permissions: [] })), ''],
    ['101 scopes', oneLimit(patterns(101)), '[0].scopes'],
    ['1001 patterns', Array.from({ length: 11 }, () => ({ scopes: patterns(91), permissions: [] })), ''],
  ])('must not hold %s', (_what, limits, path) => {
    expect(faultPath(limits)).toBe(path)
  })

  test('grants nothing by what is foreign', () => {
    const limits = [
      { scopes: [{ agent_uuid: 'a' }, { db: '*' }], permissions: [{ js_result: { read: '*' } }] },
      {
        scopes: ['global'],
        permissions: [{ kv: { read: '*' } }, { crontab: 'read' }, { js_worker: 'run_raw_js_worker' }],
      },
    ]
    const [scoped, permitted] = compileLimits(tokenLimitSchema.parse(limits))
    expect(scoped?.scopes).toEqual([])
    expect(permitted?.permissions).toEqual([])
  })

  test('is compiled once, with the global scope as every name', () => {
    const [limit] = compileLimits([
      { scopes: ['global', { event: 'a*' }], permissions: [{ js_result: { read: 'b' } }] },
    ])
    expect(limit?.scopes.map(scope => [scope.kind, scope.pattern.text])).toEqual([
      ['global', '*'],
      ['event', 'a*'],
    ])
    expect(limit?.permissions.map(({ kind, verb, pattern }) => [kind, verb, pattern.text])).toEqual([
      ['js_result', 'read', 'b'],
    ])
  })
})
