import { readFile } from 'node:fs/promises'
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

  test('read who a server is with any params, and without a credential', async () => {
    const { version } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'))
    const uuid = expect.stringMatching(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/)
    const first = await wire.ask(rpc('nodeget-server_uuid', []))
    for (const params of [undefined, [], {}]) {
      expect(await wire.ask(rpc('nodeget-server_version', params))).toMatchObject({ result: version })
      expect(await wire.ask(rpc('nodeget-server_uuid', params))).toEqual(first)
    }
    expect(first).toMatchObject({ result: uuid })
    // It belongs to the data, not to the process.
    await wire.result('js-result_append', { rows: [{ js_worker_name: 'a' }] })
    const { envelopes } = await wire.result<{ envelopes: { body: { TenantKey: string } }[] }>(
      'change-event_envelopes',
      { query: { condition: [] } },
    )
    for (const { body } of envelopes) expect(first).toMatchObject({ result: body.TenantKey })
  })

  test('make, change, list and delete script workers in the shapes of its documents', async () => {
    const js_script_base64 = Buffer.from('export default { onCall: () => 1 }').toString('base64')
    const made = { name: 'board_1', description: 'from the board', js_script_base64, route_name: ' board.1 ' }
    const shown = {
      id: expect.any(Number),
      name: 'board_1',
      description: 'from the board',
      js_script_base64,
      route_name: 'board.1',
      env: null,
      create_at: expect.any(Number),
      update_at: expect.any(Number),
    }
    const began = Date.now()
    const created = await wire.result<{ create_at: number }>('js-worker_create', {
      ...made,
      name: ' board_1\t',
    })
    expect(created).toMatchObject(shown)
    expect(created.create_at).toBeGreaterThan(began - 60_000)
    expect(await wire.result('js-worker_read', { name: 'board_1 ' })).toEqual(created)
    // Its board shows the description as a page.
    const page = '# What it does\n'.repeat(1000)
    expect(await wire.result('js-worker_update', { name: 'board_1', description: page })).toMatchObject({
      description: page,
    })
    const update = { name: ' board_1', description: null }
    expect(await wire.result('js-worker_update', update)).toMatchObject({
      ...shown,
      success: true,
      description: null,
    })
    expect(await wire.result('js-worker_list_all_js_worker')).toEqual(['board_1'])

    const run = { js_script_name: ' board_1 ', params: null, wait_ms: 10_000 }
    expect(await wire.result('js-worker_run', run)).toMatchObject({ js_worker_name: 'board_1', result: 1 })
    const pool = await wire.result<{ workers: { last_used_ms: number }[] }>('js-worker_get_rt_pool')
    expect(pool).toEqual({
      total_workers: 1,
      workers: [
        {
          script_name: 'board_1',
          active_requests: 0,
          last_used_ms: expect.any(Number),
          idle_ms: expect.any(Number),
          runtime_clean_time_ms: null,
        },
      ],
    })
    expect(pool.workers[0]?.last_used_ms).toBeGreaterThan(began - 60_000)

    expect(await wire.result('js-worker_delete', { name: 'board_1' })).toEqual({
      success: true,
      rows_affected: 1,
    })
    for (const method of ['js-worker_read', 'js-worker_update', 'js-worker_delete']) {
      const answer = await wire.call(method, { name: 'board_1' })
      expect(answer).toMatchObject({
        error: { code: 105, message: expect.stringMatching(/^js_worker not found/) },
      })
    }
    const answer = await wire.call('js-worker_run', { js_script_name: 'board_1', params: null })
    expect(answer).toMatchObject({
      error: { code: 105, message: expect.stringMatching(/^js_worker not found/) },
    })
    expect(await wire.result('js-worker_list_all_js_worker')).toEqual([])
  })
})
