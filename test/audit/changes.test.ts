import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestPostgres, type TestPostgres } from '../stream/test-postgres.ts'
import { startOn, type TestApp } from '../wire/support/app.ts'
import { createTestData, type TestData } from '../wire/support/data.ts'
import { createWire } from '../wire/support/wire.ts'

let data: TestData
let postgres: TestPostgres
let app: TestApp
const wire = createWire(() => app)

beforeAll(async () => {
  data = await createTestData('postgres')
  app = await startOn(data)
  postgres = await openTestPostgres(data)
})
afterAll(async () => {
  await postgres.end()
  await app.close()
  await data.remove()
})

const sink = {
  name: 'a',
  resource: 'js-result',
  query: { condition: [] },
  target: { file: { name: 'a' } },
}

test('a definition or token is changed only where the trail can be told', async () => {
  await wire.result('sink_create', sink)
  const token = await wire.token()
  const target_token = token.slice(0, 16)
  await postgres.query('alter table audit_log rename to audit_log_gone')
  const calls: readonly (readonly [string, Readonly<Record<string, unknown>>])[] = [
    ['sink_create', { ...sink, name: 'b', target: { file: { name: 'b' } } }],
    ['sink_update', { name: 'a', batch_size: 7 }],
    ['sink_pause', { name: 'a' }],
    ['sink_delete', { name: 'a' }],
    ['token_create', { token_creation: { username: 'new', password: 'long enough', token_limit: [] } }],
    ['token_edit', { target_token, limit: [{ scopes: ['global'], permissions: [] }] }],
    ['token_roll_token_secret', { target_token }],
    ['token_delete', { target_token }],
    ['index_add', { resource: 'js-result', field: 'run_type' }],
  ]
  for (const [method, params] of calls) {
    expect(await wire.call(method, params), method).toMatchObject({ error: { code: 103 } })
  }
  await postgres.query('alter table audit_log_gone rename to audit_log')
  expect(await wire.result('sink_list')).toMatchObject({
    sinks: [{ name: 'a', state: 'running', batch_size: expect.not.toSatisfy(size => size === 7) }],
  })
  const { tokens } = await wire.result<{ tokens: readonly object[] }>('token_list_all_tokens')
  expect(tokens).toMatchObject([{ username: 'root' }, { token_key: target_token, token_limit: [] }])
  expect(await wire.call('token_get', {}, token)).toHaveProperty('result')
  const { indexes } = await wire.result<{ indexes: readonly { field: string | null }[] }>('index_list')
  expect(indexes.filter(({ field }) => field !== null)).toEqual([])
})

test('what a script does is told of who set it off, and of its makers', async () => {
  const limits = [
    {
      scopes: ['global'],
      permissions: [
        { js_worker: 'create' },
        { js_worker: 'run_defined_js_worker' },
        { js_result: { delete: '*' } },
      ],
    },
  ]
  const maker = await wire.token(limits)
  const caller = await wire.token(limits)
  const source = `export default { onCall: (_, __, ctx) => ctx.call('js-result_delete', { query: { condition: [{ js_worker_name: 'nobody' }] } }) }`
  const js_script_base64 = Buffer.from(source).toString('base64')
  await wire.result('js-worker_create', { name: 'cleaner', js_script_base64 }, maker)
  const run = await wire.result('js-worker_run', { js_script_name: 'cleaner', wait_ms: 20_000 }, caller)
  expect(run).toMatchObject({ error_message: null })
  const condition = [{ method: 'js-result_delete' }, 'last']
  expect(await wire.result('audit-log_query', { query: { condition } })).toMatchObject([
    { token_key: caller.slice(0, 16), other_keys: [maker.slice(0, 16)], address: null, outcome: 'success' },
  ])
})
