import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { base64, scriptOf, startWorkers, type TestWorkers, workerLimit } from '../js-worker/workers.ts'
import { describeEngines } from '../support/databases.ts'
import { fault } from '../token/tokens.ts'

const denied = fault(102, 'permission_denied')
const script = scriptOf('onCall: params => params')

describeEngines('the js-worker methods', open => {
  let workers: TestWorkers
  const call: TestWorkers['call'] = (...given) => workers.call(...given)

  beforeAll(async () => {
    workers = await startWorkers(await open())
  })
  afterAll(() => workers.close())

  const holder = async (pattern: string, ...verbs: readonly string[]) =>
    (await workers.tokens.create(workerLimit(pattern, ...verbs))).credential

  test.each([
    ['js-worker_create', 'create', { name: 'bob_new', js_script_base64: script }],
    ['js-worker_read', 'read', { name: 'bob_1' }],
    ['js-worker_update', 'write', { name: 'bob_1' }],
    ['js-worker_delete', 'delete', { name: 'bob_1' }],
    ['js-worker_run', 'run_defined_js_worker', { js_script_name: 'bob_1' }],
  ])(
    '%s needs its own verb on that name, also where the worker does not exist',
    async (method, verb, params) => {
      const others = ['create', 'read', 'write', 'delete', 'run_defined_js_worker', 'list_all_js_worker']
      const without = await holder('*', ...others.filter(other => other !== verb))
      const elsewhere = await holder('alice_*', verb)
      await expect(call(method, params, without)).rejects.toMatchObject(denied)
      await expect(call(method, params, elsewhere)).rejects.toMatchObject(denied)
      await expect(call(method, params, 'a:b')).rejects.toMatchObject(denied)
      expect(await call('js-worker_list_all_js_worker')).not.toContain('bob_new')
    },
  )

  describe('js-worker_create', () => {
    test('stores every member, and js-worker_read shows the same without the secrets', async () => {
      const given = {
        js_script_base64: script,
        route_name: 'Full.Route_1-a',
        env: { a: 1, secrets: { key: 'hidden-value' } },
        runtime_clean_time: 86_400_000,
        max_run_time: 300_000,
        max_stack_size: 262_144,
        max_heap_size: 16_777_216,
        fetch_hosts: ['example.com', '*.example.com', 'example.com:8443'],
        schedule: { cron: '0 3 * * *' },
        open_env: ['a', 'b'],
        description: 'what it is for',
      }
      const created = await call('js-worker_create', { name: 'full', ...given })
      expect(created).toEqual({
        ...given,
        id: expect.any(Number),
        name: 'full',
        env: { a: 1, secrets: { key: '***' } },
        schedule: { cron: '0 3 * * *', tz: 'Europe/Berlin' },
        // The clock stands at midnight UTC.
        next_fire_time: Date.UTC(2026, 0, 1, 2),
        create_at: Date.UTC(2026, 0, 1),
        update_at: Date.UTC(2026, 0, 1),
      })
      expect(await call('js-worker_read', { name: 'full' })).toEqual(created)
      const text = await workers.callText('js-worker_list')
      expect(text).not.toContain('hidden-value')
      expect(text).not.toContain(script)
    })

    test('keeps null for what is left out', async () => {
      expect(await call('js-worker_create', { name: 'plain', js_script_base64: script })).toMatchObject({
        route_name: null,
        env: null,
        runtime_clean_time: null,
        max_run_time: null,
        max_stack_size: null,
        max_heap_size: null,
        open_env: null,
        fetch_hosts: null,
        schedule: null,
        next_fire_time: null,
      })
    })

    test('takes its parameters by position', async () => {
      const made = await call('js-worker_create', [
        workers.tokens.root,
        'by_position',
        script,
        'by_position',
      ] as never)
      expect(made).toMatchObject({ name: 'by_position', route_name: 'by_position' })
    })

    test('refuses a name and a route name that are in use, also by somebody at the same moment', async () => {
      const twice = (rest: object) =>
        Promise.allSettled(
          [1, 2].map(n => call('js-worker_create', { name: `twin_${n}`, js_script_base64: script, ...rest })),
        )
      const named = await twice({ name: 'twin' })
      expect(named.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
      expect(named).toContainEqual(
        expect.objectContaining({ reason: expect.objectContaining(inUse('name')) }),
      )
      const routed = await twice({ route_name: 'twin' })
      expect(routed.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
      expect(routed).toContainEqual(
        expect.objectContaining({ reason: expect.objectContaining(inUse('route_name')) }),
      )
    })

    test.each([
      ['no script', { js_script_base64: undefined }, 'js_script_base64'],
      ['a script that is no base64', { js_script_base64: 'not base64' }, 'js_script_base64'],
      [
        'base64 without its padding',
        { js_script_base64: base64('a').replaceAll('=', '') },
        'js_script_base64',
      ],
      ['base64 of the URL alphabet', { js_script_base64: 'Pz8_' }, 'js_script_base64'],
      ['a script that is no UTF-8', { js_script_base64: '/w==' }, 'js_script_base64'],
      ['a script with a NUL', { js_script_base64: base64('"\0"') }, 'js_script_base64'],
      ['a star in the name', { name: 'a*' }, 'name'],
      ['an empty route name', { route_name: '' }, 'route_name'],
      ['a route name that is a path', { route_name: '..' }, 'route_name'],
      ['a slash in the route name', { route_name: 'a/b' }, 'route_name'],
      ['a long route name', { route_name: 'a'.repeat(129) }, 'route_name'],
      ['a number as text', { max_run_time: '1000' }, 'max_run_time'],
      ['a fraction', { max_heap_size: 1.5 }, 'max_heap_size'],
      ['too long a run', { max_run_time: 300_001 }, 'max_run_time'],
      ['too long a warmth', { runtime_clean_time: 86_400_001 }, 'runtime_clean_time'],
      ['too much stack', { max_stack_size: 2 ** 40 }, 'max_stack_size'],
      ['too much heap', { max_heap_size: 2 ** 40 }, 'max_heap_size'],
      ['false for a number', { max_heap_size: false }, 'max_heap_size'],
      ['hosts that are no list', { fetch_hosts: 'example.com' }, 'fetch_hosts'],
      ['a URL as host', { fetch_hosts: ['https://example.com'] }, 'fetch_hosts[0]'],
      ['every host', { fetch_hosts: ['example.com', '*'] }, 'fetch_hosts[1]'],
      ['a disguised address', { fetch_hosts: ['0x7f.1'] }, 'fetch_hosts[0]'],
      ['too many hosts', { fetch_hosts: Array(101).fill('example.com') }, 'fetch_hosts'],
      ['a cron that is none', { schedule: { cron: 'daily' } }, 'schedule.cron'],
      ['a step beyond its field', { schedule: { cron: '0 */25 * * *' } }, 'schedule.cron'],
      ['a zone of several meanings', { schedule: { cron: '@daily', tz: 'cst' } }, 'schedule.tz'],
      ['a zone that is none', { schedule: { cron: '@daily', tz: 'Berlin' } }, 'schedule.tz'],
      ['an unknown member of the schedule', { schedule: { cron: '@daily', zone: 'UTC' } }, 'schedule.zone'],
    ])('refuses %s with -32602 and its path', async (_what, rest, path) => {
      const attempt = call('js-worker_create', { name: 'malformed', js_script_base64: script, ...rest })
      await expect(attempt).rejects.toMatchObject({ code: -32602, data: { path } })
    })

    test('refuses a script that does not compile with its line and column, and runs nothing of one that does', async () => {
      const broken = base64('export default {\n  onCall( { return 1 }\n}')
      await expect(
        call('js-worker_create', { name: 'broken', js_script_base64: broken }),
      ).rejects.toMatchObject({
        code: 108,
        data: {
          reason: 'script_syntax_error',
          path: 'js_script_base64',
          line: 2,
          column: expect.any(Number),
        },
      })
      const hostile = base64('while (true) {}')
      await call('js-worker_create', { name: 'hostile', js_script_base64: hostile })
    })

    test('refuses a script and an env that are too large', async () => {
      const large = base64(`// ${'x'.repeat(512 * 1024)}`)
      const attempt = call('js-worker_create', { name: 'large', js_script_base64: large })
      await expect(attempt).rejects.toMatchObject({ data: { path: 'js_script_base64' } })
      const env = { name: 'large', js_script_base64: script, env: 'x'.repeat(256 * 1024) }
      await expect(call('js-worker_create', env)).rejects.toMatchObject(fault(108, 'env_too_large', 'env'))
    })

    test('refuses a masked secret, because there is none that it could stand for', async () => {
      const env = { secrets: { key: '***' } }
      const attempt = call('js-worker_create', { name: 'masked', js_script_base64: script, env })
      await expect(attempt).rejects.toMatchObject(fault(108, 'secret_unknown', 'env.secrets.key'))
    })
  })

  test.each(['runtime_clean_time', 'max_run_time', 'max_stack_size', 'max_heap_size'])(
    'a %s of zero or less means the default',
    async limit => {
      const name = `default_${limit}`
      const made = await call('js-worker_create', { name, js_script_base64: script, [limit]: 0 })
      expect(made).toMatchObject({ [limit]: null })
      await call('js-worker_update', { name, [limit]: 300 })
      expect(await call('js-worker_update', { name, [limit]: -1 })).toMatchObject({ [limit]: null })
      expect(await call('js-worker_read', { name })).toMatchObject({ [limit]: null })
    },
  )

  describe('js-worker_update', () => {
    test('changes what is given and keeps the rest, null being none', async () => {
      const made = await call('js-worker_create', {
        name: 'update_1',
        js_script_base64: script,
        route_name: 'update_1',
        env: { a: 1 },
        max_run_time: 5000,
        schedule: { cron: '@daily', tz: 'UTC' },
      })
      workers.tokens.clock.advance(1000)
      const other = scriptOf('onCall: () => 2')
      const { name } = made
      const changed = await call('js-worker_update', { name, js_script_base64: other, max_run_time: null })
      expect(changed).toEqual({
        ...made,
        success: true,
        js_script_base64: other,
        max_run_time: null,
        update_at: made.update_at + 1000,
      })
      const cleared = await call('js-worker_update', { name, route_name: null, env: null, schedule: null })
      expect(cleared).toMatchObject({ route_name: null, env: null, schedule: null, next_fire_time: null })
    })

    test('keeps a secret that is given back masked, and the script gets it', async () => {
      const members = 'onCall: (params, env) => env.secrets.key.length + env.secrets.other.length'
      await workers.add('update_2', members, { env: { secrets: { key: 'hidden', other: 'abc' } } })
      const env = { secrets: { key: '***', other: 'abcd' } }
      const changed = await call('js-worker_update', { name: 'update_2', env })
      expect(changed.env).toEqual({ secrets: { key: '***', other: '***' } })
      expect(await workers.run('update_2')).toMatchObject({ result: 10 })
      const unknown = call('js-worker_update', { name: 'update_2', env: { secrets: { third: '***' } } })
      await expect(unknown).rejects.toMatchObject(fault(108, 'secret_unknown', 'env.secrets.third'))
    })

    test('refuses a route name that is in use, an unknown worker and a script that does not compile', async () => {
      await workers.add('update_3', 'onCall: () => 1', { route_name: 'update_3' })
      await workers.add('update_4', 'onCall: () => 1')
      const taken = call('js-worker_update', { name: 'update_4', route_name: 'update_3' })
      await expect(taken).rejects.toMatchObject(inUse('route_name'))
      const unknown = call('js-worker_update', { name: 'update_99', route_name: null })
      await expect(unknown).rejects.toMatchObject(fault(105, 'js_worker_not_found', 'name'))
      const broken = call('js-worker_update', { name: 'update_4', js_script_base64: base64('(') })
      await expect(broken).rejects.toMatchObject({
        code: 108,
        data: { reason: 'script_syntax_error', line: 1 },
      })
      const malformed = call('js-worker_update', { name: 'update_4', max_run_time: 1.5 })
      await expect(malformed).rejects.toMatchObject({ code: -32602, data: { path: 'max_run_time' } })
    })

    test.each([
      ['its script', { js_script_base64: scriptOf(`${spying},`) }],
      ['its env', { env: { spy: true } }],
      ['its hosts', { fetch_hosts: [] }],
      ['its schedule', { schedule: { cron: '@daily' } }],
      ['its route', { route_name: 'spy_route' }],
    ])('lets the worker do no more than whoever changes %s', async (_what, change) => {
      await call('js-worker_delete', { name: 'spy' }).catch(() => undefined)
      await workers.add('spy', spying)
      expect(await workers.run('spy')).toMatchObject({ result: 'read' })
      const writer = await holder('spy', 'write')
      await call('js-worker_update', { name: 'spy', ...change }, writer)
      expect(await workers.run('spy')).toMatchObject({ result: 102 })
    })
  })

  test('js-worker_delete removes the worker and keeps the records of its runs', async () => {
    await workers.add('delete_1', 'onCall: () => 1')
    const { id } = await workers.run('delete_1')
    expect(await call('js-worker_delete', { name: 'delete_1' })).toEqual({ success: true, rows_affected: 1 })
    const again = call('js-worker_delete', { name: 'delete_1' })
    await expect(again).rejects.toMatchObject(fault(105, 'js_worker_not_found', 'name'))
    await expect(call('js-worker_read', { name: 'delete_1' })).rejects.toMatchObject(
      fault(105, 'js_worker_not_found', 'name'),
    )
    const rows = await call('js-result_query', { query: { condition: [{ id }] } })
    expect(rows).toMatchObject([{ id, js_worker_name: 'delete_1', result: 1 }])
    await expect(call('js-worker_delete', {})).rejects.toMatchObject({ code: -32602, data: { path: 'name' } })
    await expect(call('js-worker_read', { name: 1 })).rejects.toMatchObject({ code: -32602 })
  })

  test('the lists show the permitted workers only, and refuse who may list none', async () => {
    await workers.add('list_a1', 'onCall: () => 1')
    await workers.add('list_b1', 'onCall: () => 1')
    await workers.run('list_a1')
    await workers.run('list_b1')
    const lister = await holder('list_a*', 'list_all_js_worker')
    const { workers: listed } = await call('js-worker_list', {}, lister)
    expect(await call('js-worker_list_all_js_worker', {}, lister)).toEqual(['list_a1'])
    expect(listed).toEqual([
      expect.objectContaining({ name: 'list_a1', route_name: null, max_run_time: null }),
    ])
    expect(Object.keys(listed[0])).not.toContain('env')
    const pool = await call('js-worker_get_rt_pool', {}, lister)
    expect(pool.total_workers).toBe(pool.workers.length)
    expect(pool.workers.filter((each: { script_name: string }) => each.script_name !== 'list_a1')).toEqual([])
    const mine = (await call('js-worker_get_rt_pool')).workers
    expect(mine).toContainEqual({
      script_name: 'list_b1',
      active_requests: 0,
      last_used_ms: expect.any(Number),
      idle_ms: expect.any(Number),
      runtime_clean_time_ms: null,
    })
    const other = await holder('*', 'read')
    await expect(call('js-worker_list', {}, other)).rejects.toMatchObject(denied)
    await expect(call('js-worker_list_all_js_worker', {}, other)).rejects.toMatchObject(denied)
    await expect(call('js-worker_get_rt_pool', {}, other)).rejects.toMatchObject(denied)
  })

  describe('js-worker_run', () => {
    test('answers the id at once, and leaves a finished row', async () => {
      await workers.add('run_1', 'onCall: params => ({ got: params })')
      const answer = await call('js-worker_run', { js_script_name: 'run_1', params: { a: 1 } })
      expect(answer).toEqual({ id: expect.any(Number) })
      await workers.scripts.idle()
      const [row] = await call('js-result_query', { query: { condition: [{ id: answer.id }] } })
      expect(row).toEqual({
        id: answer.id,
        js_worker_id: expect.any(Number),
        js_worker_name: 'run_1',
        run_type: 'call',
        start_time: expect.any(Number),
        finish_time: expect.any(Number),
        param: { a: 1 },
        result: { got: { a: 1 } },
        error_message: null,
      })
      expect(await workers.run('run_1', { a: 1 })).toEqual({ ...row, id: row.id + 1 })
    })

    test('with wait_ms answers the row as it is when the time is up', async () => {
      await workers.add('run_2', 'onCall: (p, e, ctx) => ctx.send(1).then(() => 1)')
      const release = workers.holdSending()
      const row = await workers.run('run_2', null, { wait_ms: 0 })
      expect(row).toMatchObject({
        js_worker_name: 'run_2',
        finish_time: null,
        result: null,
        error_message: null,
      })
      release()
      await workers.scripts.idle()
      const rows = await call('js-result_query', { query: { condition: [{ id: row.id }] } })
      expect(rows).toMatchObject([{ result: 1, finish_time: expect.any(Number) }])
    })

    test.each([
      ['call', 'onCall'],
      ['nightly', 'onCall'],
      ['cron', 'onCron'],
      ['route', 'onRoute'],
      ['inline_call', 'onInlineCall'],
      ['event', 'onEvent'],
    ])('of the type %s runs %s', async (run_type, entry) => {
      const names = ['onCall', 'onCron', 'onRoute', 'onInlineCall', 'onEvent']
      const members = names.map(name => `${name}: (p, e, ctx) => ['${name}', ctx.run_type]`).join()
      await call('js-worker_delete', { name: 'run_3' }).catch(() => undefined)
      await workers.add('run_3', members)
      expect(await workers.run('run_3', null, { run_type })).toMatchObject({
        run_type,
        result: [entry, run_type],
      })
    })

    test('lays env over the open members of the env of the worker', async () => {
      const env = { a: 1, b: { c: 2 } }
      await workers.add('run_4', 'onCall: (params, env) => env', { env, open_env: ['b'] })
      expect(await workers.run('run_4', null, { env: { b: 3 } })).toMatchObject({ result: { a: 1, b: 3 } })
    })

    test.each([
      [
        'an unknown worker',
        { js_script_name: 'nobody' },
        fault(105, 'js_worker_not_found', 'js_script_name'),
      ],
      ['a run type that is no name', { run_type: 'a*' }, { code: -32602, data: { path: 'run_type' } }],
      ['an env that is no object', { env: [1] }, { code: -32602, data: { path: 'env' } }],
      ['a long wait', { wait_ms: 60_001 }, { code: -32602, data: { path: 'wait_ms' } }],
      ['no name', { js_script_name: undefined }, { code: -32602, data: { path: 'js_script_name' } }],
    ])('refuses %s', async (_what, rest, expected) => {
      await expect(call('js-worker_run', { js_script_name: 'run_1', ...rest })).rejects.toMatchObject(
        expected,
      )
    })
  })

  test('each committed change is told', async () => {
    const before = workers.changes()
    await workers.add('told', 'onCall: () => 1')
    await call('js-worker_update', { name: 'told', max_run_time: 10 })
    await call('js-worker_delete', { name: 'told' })
    await call('js-worker_delete', { name: 'told' }).catch(() => undefined)
    expect(workers.changes() - before).toBe(3)
  })
})

const spying = `onCall: async (params, env, ctx) => {
  try {
    await ctx.call('js-worker_list_all_js_worker')
    return 'read'
  } catch (error) {
    return error.code
  }
}`

function inUse(path: string): object {
  return fault(109, `${path}_in_use`, path)
}
