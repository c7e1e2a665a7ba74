import { expect, test } from 'vitest'
import { describeApps, failure } from './support/wire.ts'

const bad = 'pay\u202eroll'
const js_script_base64 = Buffer.from('export default {}').toString('base64')
const limit = (pattern: string) => [{ scopes: [{ js_worker: pattern }], permissions: [] }]
const remote = { kind: 'remote' }
const query = { condition: [] }
const file = { file: { name: 'f' } }

const monitor = {
  name: 'm',
  resource: 'js-result',
  query,
  window_ms: 60_000,
  every_ms: 1000,
  when: { at_least: 1 },
  event: { sender: 'a' },
}

/** Every way to make a name or a pattern, and where it stands. */
const surfaces: readonly (readonly [method: string, params: object, path: string])[] = [
  ['js-worker_create', { name: bad, js_script_base64 }, 'name'],
  ['js-worker_run', { js_script_name: 'a', run_type: bad }, 'run_type'],
  ['event-handler_create', { full_name: bad, sender: 'a', target: remote }, 'full_name'],
  ['event-handler_create', { full_name: 'a', sender: bad, target: remote }, 'sender'],
  ['event-handler_create', { full_name: 'a', sender: 'a', event_type: bad, target: remote }, 'event_type'],
  [
    'event-handler_create',
    { full_name: 'a', sender: 'a', target: { kind: 'js_worker', name: bad } },
    'target.name',
  ],
  ['event-handler_update', { full_name: 'a', sender: bad }, 'sender'],
  ['sink_create', { name: bad, resource: 'js-result', query, target: file }, 'name'],
  ['monitor_create', { ...monitor, name: bad }, 'name'],
  ['view_create', { name: bad, resource: 'js-result', query: { condition: [] } }, 'name'],
  ['monitor_create', { ...monitor, event: { sender: bad } }, 'event.sender'],
  ['monitor_create', { ...monitor, event: { sender: 'a', event_type: bad } }, 'event.event_type'],
  [
    'token_create',
    { token_creation: { token_limit: limit(bad) } },
    'token_creation.token_limit[0].scopes[0].js_worker',
  ],
  [
    'token_create',
    { token_creation: { username: bad, password: 'long enough', token_limit: [] } },
    'token_creation.username',
  ],
  ['token_edit', { target_token: 'root', limit: limit(bad) }, 'limit[0].scopes[0].js_worker'],
  ['token_issue', { ttl_ms: 60_000, token_limit: limit(bad) }, 'token_limit[0].scopes[0].js_worker'],
  ['event_send', { sender: bad }, 'sender'],
  ['event_send', { sender: 'a', event_type: bad }, 'event_type'],
  ['event-task_claim', { full_names: ['a'], worker: bad }, 'worker'],
  ['js-result_append', { rows: [{ js_worker_name: bad }] }, 'rows[0].js_worker_name'],
  ['event-log_append', { rows: [{ full_name: 'a', sender: bad }] }, 'rows[0].sender'],
]

describeApps('a new name that is not what it looks like', wire => {
  test.each(surfaces)('is refused by %s %j', async (method, params, path) => {
    expect(await wire.call(method, { ...params })).toEqual(failure(-32602, 'invalid_params', path))
  })

  test('can still be looked for', async () => {
    for (const condition of [{ js_worker_name: bad }, { js_worker_name_like: `${bad}*` }]) {
      expect(await wire.result('js-result_query', { query: { condition: [condition] } })).toEqual([])
    }
  })
})
