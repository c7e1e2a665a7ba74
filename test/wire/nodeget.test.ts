import { expect, test } from 'vitest'
import { describeApps, rpc } from './support/wire.ts'

const agent = '[agent]:0193f3c1-0000-7000-8000-0000000000aa'

/** What its board sends for a dashboard's and an agent's token. */
const limits = [
  {
    scopes: [
      { global: null },
      { agent_uuid: '0193f3c1-0000-7000-8000-0000000000aa' },
      { kv_namespace: 'theme_*' },
    ],
    permissions: [
      { static_monitoring: { read: 'cpu' } },
      { dynamic_monitoring: 'write' },
      { task: { create: 'ping' } },
      { task: 'listen' },
      { crontab: 'read' },
      { crontab_result: { read: '*' } },
      { kv: { read: 'theme_*' } },
      { kv: 'list_all_keys' },
      { terminal: 'connect' },
      { node_get: 'get_rt_pool' },
      { js_worker: 'run_raw_js_worker' },
    ],
  },
  {
    scopes: [{ agent_uuid: '*' }],
    permissions: [{ js_result: { read: '*' } }, { js_result: { delete: '*' } }],
  },
]

describeApps('the programs of NodeGet', wire => {
  test('create tokens whose limits name what Daybook lacks: kept as given, granting nothing', async () => {
    const credential = await wire.token(limits)
    const key = credential.split(':')[0]
    expect(await wire.result('token_get', { token: credential })).toMatchObject({
      token_key: key,
      token_limit: limits,
    })
    const { tokens } = await wire.result<{ tokens: object[] }>('token_list_all_tokens')
    expect(tokens).toContainEqual(expect.objectContaining({ token_key: key, token_limit: limits }))
    const wide = [...limits, { scopes: ['global'], permissions: [{ db: { read: 'x' } }] }]
    await wire.result('token_edit', { target_token: key, limit: wide })
    expect(await wire.result('token_get', { token: credential })).toMatchObject({ token_limit: wide })

    const query = { condition: [{ js_worker_name: 'demo' }] }
    for (const [method, params] of [
      ['js-result_query', { query }],
      ['js-result_delete', { query }],
      ['js-worker_list_all_js_worker', {}],
      ['js-worker_run', { js_script_name: 'demo', params: null }],
    ] as const) {
      expect(await wire.call(method, params, credential)).toMatchObject({ error: { code: 102 } })
    }
  })

  test('may narrow such a token, and are still refused what nobody knows', async () => {
    const credential = await wire.token(limits)
    const issued = await wire.call('token_issue', { ttl_ms: 60_000, token_limit: limits }, credential)
    expect(issued).toHaveProperty('result.jwt')
    const unknown = { token_creation: { token_limit: [{ scopes: [{ machine: 'a' }], permissions: [] }] } }
    expect(await wire.call('token_create', unknown)).toMatchObject({ error: { code: -32602 } })
  })

  test('name the tokens of agents [agent]:UUID, which log in with their password', async () => {
    const read = [{ scopes: ['global'], permissions: [{ js_result: { read: '*' } }] }]
    const key = (await wire.token(read, { username: agent, password: 'a password:with|both' })).split(':')[0]
    const token = `${agent}|a password:with|both`
    expect(await wire.result('token_get', { token })).toMatchObject({ username: agent, token_key: key })
    expect(
      await wire.ask(rpc('js-result_count', { token: `${agent}|wrong one`, query: { condition: [] } })),
    ).toMatchObject({ error: { code: 102 } })
    expect(await wire.result('token_delete', { target_token: agent })).toMatchObject({
      matched_by: 'username',
    })
    for (const username of ['[agent]:x', '[agent]:', `x${agent}`, 'a:b']) {
      const token_creation = { token_limit: [], username, password: 'long enough' }
      expect(await wire.call('token_create', { token_creation })).toMatchObject({ error: { code: -32602 } })
    }
  })
})
