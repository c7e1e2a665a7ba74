import { expect, test } from 'vitest'
import { secrets } from './support/app.ts'
import { describeApps, failure, failureWith, rpc, send, type Wire } from './support/wire.ts'

const js_script_base64 = Buffer.from('export default { onCall: () => 1 }').toString('base64')
const authorization = `Bearer ${secrets.root}`

/** What `GET path` answers, parsed. */
async function get(wire: Wire, path: string): Promise<unknown> {
  const { body } = await send(wire.app.url, { path, method: 'GET', headers: { authorization } })
  return JSON.parse(body)
}

describeApps('a member that nothing knows', wire => {
  test('keeps a retention rule from being made', async () => {
    const rule = { resource: 'js-result', query: { condition: [] }, older_than_ms: 60_000 }
    const answer = await wire.call('retention_set', { ...rule, dry_run: true })
    expect(answer).toEqual(failure(-32602, 'unknown_member', 'dry_run'))
    expect(await wire.result('retention_list')).toEqual({ rules: [] })
  })

  test('is named beside the one that is missing', async () => {
    const query = { condition: [] }
    expect(await wire.call('js-result_query', { querry: query })).toEqual(
      failureWith(-32602, { path: 'querry', did_you_mean: 'query', missing: ['query'] }),
    )
    const rule = { resource: 'js-result', query, olderThanMs: 60_000 }
    expect(await wire.call('retention_set', rule)).toEqual(
      failureWith(-32602, { path: 'olderThanMs', did_you_mean: 'older_than_ms', missing: ['older_than_ms'] }),
    )
  })

  test('is named within a scope of a token, in a stream and in an export', async () => {
    const token_creation = { token_limit: [{ scopes: [{ js_workers: 'a' }], permissions: [] }] }
    expect(await wire.call('token_create', { token_creation })).toEqual(
      failureWith(-32602, {
        path: 'token_creation.token_limit[0].scopes[0].js_workers',
        did_you_mean: 'js_worker',
      }),
    )
    expect(await get(wire, '/stream?resource=js-result&conditions=[]')).toEqual(
      failureWith(-32602, { path: 'conditions', did_you_mean: 'condition' }),
    )
    expect(await get(wire, '/export/js-result?formt=csv')).toEqual(
      failureWith(-32602, { path: 'formt', did_you_mean: 'format' }),
    )
  })

  test('that is a condition is named, with the nearest one', async () => {
    const ask = (condition: unknown) => wire.call('js-result_query', { query: { condition: [condition] } })
    expect(await ask('is_failur')).toEqual(
      failureWith(-32602, {
        reason: 'unknown_condition',
        path: 'query.condition[0]',
        condition: 'is_failur',
        did_you_mean: 'is_failure',
      }),
    )
    expect(await ask({ js_worker_names: 'a' })).toEqual(
      failureWith(-32602, { condition: 'js_worker_names', did_you_mean: 'js_worker_name' }),
    )
    expect(await ask({ not: 'lst' })).toEqual(failureWith(-32602, { condition: 'lst' }))
  })
})

describeApps('what NodeGet’s programs send beside the parameters', wire => {
  const limit: unknown[] = []

  test('is taken by the methods that they call', async () => {
    expect(await wire.ask(rpc('nodeget-server_hello', { token: 'nobody' }))).toHaveProperty('result')
    const made = await wire.result<object>('js-worker_create', { name: 'kept', js_script_base64 })
    // A program sends back all that it has read.
    const changed = { ...made, create_at: 1, update_at: 2, description: '', js_script_base64 }
    expect(await wire.call('js-worker_update', changed)).toHaveProperty('result')
    const run = { js_script_name: 'kept', run_type: 'call', params: {}, compile_mode: 'source' }
    expect(await wire.call('js-worker_run', run)).toHaveProperty('result')
    const target_token = (await wire.token()).slice(0, 16)
    expect(await wire.call('token_edit', { target_token, version: 1, limit })).toHaveProperty('result')
  })

  test('to token_edit is taken where it says what the token has, and refused where it would change that', async () => {
    const has = { username: 'kept', timestamp_from: 5, timestamp_to: 253_402_300_799_999 }
    const token_creation = { ...has, password: 'password', token_limit: limit }
    const { key } = await wire.result<{ key: string }>('token_create', { token_creation })
    const edit = (given: object) => wire.call('token_edit', { target_token: key, limit, ...given })
    expect(await edit({ ...has, version: 1, password: null })).toHaveProperty('result')
    expect(await edit({ version: 2 })).toEqual(failure(-32602, 'invalid_params', 'version'))
    for (const [name, value] of [
      ['username', 'other'],
      ['username', null],
      ['password', 'password'],
      ['timestamp_from', 6],
      ['timestamp_to', null],
    ] as const) {
      expect(await edit({ [name]: value })).toEqual(failure(108, 'not_editable', name))
    }
  })

  test('is unknown to all others', async () => {
    const query = { condition: ['last'] }
    expect(await wire.call('js-result_query', { query, version: 1 })).toEqual(
      failure(-32602, 'unknown_member', 'version'),
    )
    expect(await wire.call('js-worker_read', { name: 'kept', compile_mode: 'source' })).toEqual(
      failure(-32602, 'unknown_member', 'compile_mode'),
    )
  })
})
