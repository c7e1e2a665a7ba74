import { randomUUID } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import { methodCases, prepareCases } from './method-cases.ts'
import { secrets } from './support/app.ts'
import { overSocket } from './support/socket-wire.ts'
import { describeApps, failure, jsLimit, rpc } from './support/wire.ts'

interface Discovered {
  readonly methods: readonly {
    readonly name: string
    readonly params: readonly { readonly name: string }[]
  }[]
}

interface Shown {
  readonly name: string
  readonly owner: string | null
  readonly is_own: boolean
  readonly resource: string
}

const resource = 'js-result'

describeApps('views', wire => {
  let one: string
  let other: string

  beforeAll(async () => {
    await prepareCases(wire)
    const rows = ['seen_a', 'seen_b', 'hidden'].flatMap(js_worker_name => [
      { js_worker_name, error_message: 'disk full' },
      { js_worker_name, result: 1 },
    ])
    await wire.result('js-result_append', { rows })
    // The audit trail has to hold something, too.
    await wire.result('js-result_delete', { query: { condition: [{ js_worker_name: 'nobody' }] } })
    one = await wire.token([jsLimit('seen_*', { read: '*', delete: '*' })])
    other = await wire.token([jsLimit('*', { read: '*' })])
  })

  const nameOf = (what: string) => `${what}_${randomUUID()}`
  async function make(condition: readonly unknown[], token: string, more: object = {}): Promise<string> {
    const name = nameOf('view')
    await wire.result('view_create', { name, resource, query: { condition }, ...more }, token)
    return name
  }
  const counted = (condition: readonly unknown[], token: string) =>
    wire.call('js-result_count', { query: { condition } }, token)
  const found = (count: number) => expect.objectContaining({ result: { count } })

  describe('stand for their conditions in every method that takes a query', () => {
    const discovered = async () =>
      (await wire.result<Discovered>('rpc.discover')).methods.filter(({ name, params }) =>
        params.some(param => param.name === 'query' && !name.startsWith('nodeget')),
      )
    const cases = methodCases.filter(({ method }) => !/^(jitai|nodeget)/.test(method))

    test('which are these', async () => {
      const names = (await discovered()).map(({ name }) => name)
      expect(names.length).toBeGreaterThan(50)
      expect(cases.map(({ method }) => method)).toEqual(expect.arrayContaining(names))
    })

    test.each(cases)('$method', async ({ method, params: make, over, result, refused }) => {
      if (!(await discovered()).some(({ name }) => name === method)) return
      const caller = over === 'WebSocket' ? await overSocket(wire) : wire
      const { query, ...rest } = (await make(wire)) as {
        query?: { condition: readonly unknown[] }
        resource?: string
      }
      const known = rest.resource ?? /^(.+-.+)_/.exec(method)?.[1] ?? 'service-event'
      const isFilter = (each: unknown) =>
        each !== 'last' && each !== 'all' && !/"limit"/.test(JSON.stringify(each))
      const condition = (query?.condition ?? []).filter(isFilter)
      const bounds = (query?.condition ?? []).filter(each => !isFilter(each))
      const name = nameOf('case')
      await wire.result('view_create', { name, resource: known, query: { condition } })
      const asked = (view: string) => ({ ...rest, query: { condition: [{ view }, ...bounds] } })
      const absent = await caller.call(method, asked(nameOf('absent')))
      expect(absent).toEqual(failure(105, 'view_not_found', 'query.condition[0].view'))
      const answer = await caller.call(method, asked(name))
      if (refused !== undefined) expect(answer).toEqual(failure(102, refused))
      else if (!/_(update|create)$/.test(method)) expect(answer).toMatchObject({ result })
      else expect(answer).toMatchObject({ result: expect.anything() })
    })
  })

  test('find what their conditions find, also within or, and, not, and beside others', async () => {
    const failed = await make(['is_failure'], one)
    const seen = await make([{ js_worker_name_like: 'seen_*' }, { view: failed }], one)
    expect(await counted([{ view: failed }], one)).toEqual(found(2))
    expect(await counted([{ view: seen }], one)).toEqual(found(2))
    expect(await counted([{ not: { view: seen } }], one)).toEqual(found(2))
    expect(await counted([{ or: [{ view: seen }, 'is_success'] }], one)).toEqual(found(4))
    expect(
      await counted([{ and: [{ view: failed }, { js_worker_name: 'seen_a' }] }, { view: seen }], one),
    ).toEqual(found(1))
    expect(await counted([{ view: seen }, { limit: 1 }], one)).toEqual(found(1))
  })

  test('give no rights: each caller finds what it may see, and names only what it may', async () => {
    const failed = await make(['is_failure'], other, { shared: true })
    const named = await make([{ js_worker_name: 'hidden' }], other, { shared: true })
    expect(await counted([{ view: failed }, { js_worker_name_like: '*' }], one)).toEqual(found(2))
    expect(await counted([{ view: named }], one)).toEqual(failure(102, 'permission_denied'))
    expect(await counted([{ view: named }], other)).toEqual(found(2))
    expect(await wire.call('js-result_delete', { query: { condition: [{ view: failed }] } }, other)).toEqual(
      failure(102, 'permission_denied'),
    )
  })

  test('are private until they are shared, and a private one looks absent', async () => {
    const name = await make(['is_failure'], one)
    const absent = failure(105, 'view_not_found', 'name')
    expect(await wire.call('view_read', { name }, other)).toEqual(absent)
    expect(await counted([{ view: name }], other)).toEqual(
      failure(105, 'view_not_found', 'query.condition[0].view'),
    )
    await wire.result('view_update', { name, shared: true }, one)
    const shown = await wire.result<Shown>('view_read', { name }, other)
    expect(shown).toMatchObject({ name, resource, is_own: false, owner: null, shared: true })
    expect(await counted([{ view: name }], other)).toMatchObject({ result: { count: expect.any(Number) } })
    const listed = await wire.result<{ views: readonly Shown[] }>('view_list', { resource }, other)
    expect(listed.views).toContainEqual(shown)
    expect(
      (await wire.result<{ views: readonly Shown[] }>('view_list', { resource: 'event-log' }, other)).views,
    ).toEqual([])
    await wire.result('view_update', { name, shared: false }, one)
    expect(await wire.call('view_read', { name }, other)).toEqual(absent)
  })

  test('are changed by their owner and the super token alone', async () => {
    const name = await make(['is_failure'], one, { shared: true })
    const owner = one.slice(0, 16)
    for (const [verb, more] of [
      ['update', { shared: false }],
      ['delete', {}],
    ] as const) {
      expect(await wire.call(`view_${verb}`, { name, ...more }, other)).toEqual(
        failure(105, 'view_not_found', 'name'),
      )
      expect(await wire.call(`view_${verb}`, { name, owner, ...more }, other)).toEqual(
        failure(102, 'permission_denied'),
      )
    }
    const layout = { columns: ['id'] }
    expect(await wire.result('view_update', { name, owner, layout })).toMatchObject({
      layout,
      shared: true,
      owner,
    })
    expect(await wire.result('view_read', { name })).toMatchObject({ layout, is_own: false, owner })
    await wire.result('view_delete', { name, owner })
    expect(await wire.call('view_read', { name }, one)).toEqual(failure(105, 'view_not_found', 'name'))
  })

  test('have names of their own for each token, and one for what is shared', async () => {
    const name = await make(['is_failure'], one)
    const make2 = (more: object) =>
      wire.call('view_create', { name, resource, query: { condition: ['is_success'] }, ...more }, other)
    expect(await make2({ shared: true })).toMatchObject({ result: { name } })
    expect(await counted([{ view: name }, { not: 'is_failure' }], one)).toEqual(found(0))
    expect(
      await counted([{ view: name }, { not: 'is_failure' }, { js_worker_name: 'seen_a' }], other),
    ).toEqual(found(1))
    expect(await make2({})).toEqual(failure(109, 'name_in_use', 'name'))
    expect(await wire.call('view_update', { name, shared: true }, one)).toEqual(
      failure(109, 'name_in_use', 'name'),
    )
    const shared = { name, resource, query: { condition: [] }, shared: true }
    expect(await wire.call('view_create', shared)).toEqual(failure(109, 'name_in_use', 'name'))
  })

  test('name the views that their owner means by it', async () => {
    const inner = await make(['is_failure'], other)
    const outer = await make([{ view: inner }], other, { shared: true })
    await wire.result('view_create', { name: inner, resource, query: { condition: ['is_success'] } }, one)
    expect(await counted([{ view: outer }, 'is_failure'], one)).toEqual(found(2))
  })

  test('may not name themselves, in a circle either', async () => {
    const condition = (view: string) => ({ query: { condition: [{ or: ['is_failure', { view }] }] } })
    const path = 'query.condition[0].or[1].view'
    const name = nameOf('own')
    expect(await wire.call('view_create', { name, resource, ...condition(name) }, one)).toEqual(
      failure(-32602, 'view_cycle', path),
    )
    expect(await wire.call('view_read', { name }, one)).toEqual(failure(105, 'view_not_found', 'name'))
    const first = await make([], one)
    const second = await make([{ view: first }], one)
    const third = await make([{ view: second }], one)
    expect(await wire.call('view_update', { name: first, ...condition(third) }, one)).toEqual(
      failure(-32602, 'view_cycle', path),
    )
    expect(await counted([{ view: third }], one)).toEqual(found(4))
  })

  test('that a deletion turned into a circle are refused where they are used', async () => {
    const name = nameOf('turned')
    // What `other` shares under the name names what `one` shares, which names its own of the name.
    await wire.result('view_create', { name, resource, query: { condition: ['is_failure'] } }, one)
    const outer = await make([{ view: name }], one, { shared: true })
    await wire.result(
      'view_create',
      { name, resource, query: { condition: [{ view: outer }] }, shared: true },
      other,
    )
    expect(await counted([{ view: outer }], one)).toEqual(found(2))
    await wire.result('view_delete', { name }, one)
    expect(await counted(['is_failure', { view: outer }], one)).toEqual(
      failure(-32602, 'view_cycle', 'query.condition[1].view'),
    )
  })

  test('may name each other 8 deep', async () => {
    let name = await make(['is_failure'], one)
    for (let depth = 2; depth <= 7; depth++) name = await make([{ not: { view: name } }], one)
    const deepest = await make([{ view: name }], one)
    expect(await counted([{ view: deepest }], one)).toEqual(found(2))
    const deeper = { name: nameOf('deeper'), resource, query: { condition: [{ view: deepest }] } }
    expect(await wire.call('view_create', deeper, one)).toMatchObject({ result: { name: deeper.name } })
    expect(await counted([{ view: deeper.name }], one)).toEqual(
      failure(-32602, 'nested_too_deeply', 'query.condition[0].view'),
    )
  })

  test('count with all their conditions', async () => {
    const many = await make(
      Array.from({ length: 20 }, (_, id) => ({ id })),
      one,
    )
    expect(await counted([{ view: many }], one)).toEqual(found(0))
    expect(await counted([{ or: ['is_failure', { not: { view: many } }, { view: many }] }], one)).toEqual(
      failure(110, 'too_many_conditions', 'query.condition[0].or[2].view'),
    )
  })

  test('are named by a query a hundred at most, which is told before any is read', async () => {
    const condition = Array.from({ length: 101 }, (_, i) => ({ view: `absent_${i}` }))
    expect(await counted(condition, one)).toEqual(failure(110, 'too_many_conditions', 'query.condition'))
    expect(await counted(condition.slice(1), one)).toEqual(
      failure(105, 'view_not_found', 'query.condition[0].view'),
    )
  })

  test('belong to one resource', async () => {
    const name = await make([{ run_type: 'call' }], other)
    const condition = ['is_failure', { not: { view: name } }]
    expect(await wire.call('event-log_count', { query: { condition } })).toEqual(
      failure(105, 'view_not_found', 'query.condition[1].not.view'),
    )
    const own = nameOf('own')
    await wire.result('view_create', { name: own, resource, query: { condition: [] } })
    expect(await wire.call('event-log_count', { query: { condition: [{ view: own }] } })).toEqual(
      failure(-32602, 'view_of_other_resource', 'query.condition[0].view'),
    )
  })

  test('that stand for everything delete nothing without "all"', async () => {
    const name = await make([], one)
    const gone = (condition: readonly unknown[]) =>
      wire.call('js-result_delete', { query: { condition }, dry_run: true }, one)
    expect(await gone([{ view: name }])).toEqual(failure(108, 'all_required', 'query.condition'))
    expect(await gone([{ view: name }, 'all'])).toMatchObject({ result: { would_delete: 4 } })
  })

  test('are had by exports and streams, too', async () => {
    const name = await make(['is_failure'], one)
    const ask = (path: string, token: string) =>
      fetch(`${wire.app.url}${path}condition=${encodeURIComponent(JSON.stringify([{ view: name }]))}`, {
        headers: { authorization: `Bearer ${token}` },
      })
    const exported = await ask('/export/js-result?', one)
    expect((await exported.text()).trim().split('\n')).toHaveLength(2)
    expect((await ask('/export/js-result?', other)).status).toBe(404)
    expect((await ask('/stream?resource=js-result&', other)).status).toBe(404)
    const streamed = await ask('/stream?resource=js-result&after=0&', one)
    const reader = streamed.body?.getReader()
    let text = ''
    while (text.split('disk full').length < 3) text += new TextDecoder().decode((await reader?.read())?.value)
    await reader?.cancel()
    expect(text).not.toContain('hidden')
  })

  test('of a token go with it', async () => {
    const leaving = await wire.token([jsLimit('*', { read: '*' })])
    const name = await make(['is_failure'], leaving, { shared: true })
    expect(await wire.result('view_read', { name }, one)).toMatchObject({ name })
    await wire.result('token_delete', { target_token: leaving.slice(0, 16) })
    expect(await wire.call('view_read', { name }, one)).toEqual(failure(105, 'view_not_found', 'name'))
  })

  test('of a token are 100 at most', async () => {
    const token = await wire.token()
    const each = (i: number) =>
      rpc('view_create', { token, name: `v${i}`, resource, query: { condition: [] } }, i)
    const answers = [
      ...((await wire.ask(Array.from({ length: 60 }, (_, i) => each(i)))) as unknown[]),
      ...((await wire.ask(Array.from({ length: 41 }, (_, i) => each(100 + i)))) as unknown[]),
    ]
    const refused = failure(110, 'too_many_views')
    expect(answers.filter(answer => !JSON.stringify(answer).includes('"error"'))).toHaveLength(100)
    expect(answers.filter(answer => JSON.stringify(answer).includes('"error"'))).toEqual([refused])
  })

  test('are read by a monitor at each evaluation', async () => {
    const watching = await wire.token([
      jsLimit('*', { read: '*' }),
      { scopes: [{ sender: 'ops' }], permissions: [{ event: { send: '*' } }] },
    ])
    const worker = nameOf('watched')
    const row = { js_worker_name: worker, start_time: Date.now() }
    await wire.result('js-result_append', { rows: [{ ...row, result: 1 }, row, row] })
    const view = await make([{ js_worker_name: worker }], watching)
    const monitor = {
      name: view,
      resource,
      query: { condition: [{ view }] },
      window_ms: 3_600_000,
      every_ms: 1000,
      when: { at_least: 100 },
      event: { sender: 'ops' },
    }
    await wire.result('monitor_create', monitor, watching)
    const counted = async () => {
      const { monitors } = await wire.result<{ monitors: readonly { count: number }[] }>(
        'monitor_status',
        { name: view },
        watching,
      )
      return monitors[0]?.count
    }
    await expect.poll(counted, { timeout: 15_000 }).toBe(3)
    await wire.result(
      'view_update',
      { name: view, query: { condition: [{ js_worker_name: worker }, 'is_success'] } },
      watching,
    )
    await expect.poll(counted, { timeout: 15_000 }).toBe(1)
    await wire.result('view_delete', { name: view }, watching)
    await expect.poll(counted, { timeout: 15_000 }).toBe(null)
    await wire.result('monitor_delete', { name: view }, watching)
  })

  test('that others share are nothing for rules and sinks, which work in the name of the super token', async () => {
    const view = await make(['is_failure'], other, { shared: true })
    const own = await make([{ view }], secrets.root)
    const target = { webhook: { url: 'https://hooks.example/x' } }
    for (const named of [view, own]) {
      const query = { condition: [{ view: named }] }
      const absent = failure(105, 'view_not_found', 'query.condition[0].view')
      const rule = { resource, query, older_than_ms: 60_000 }
      expect(await wire.call('retention_set', rule)).toEqual(absent)
      expect(await wire.call('retention_preview', rule)).toEqual(absent)
      const name = nameOf('sink')
      expect(await wire.call('sink_create', { name, resource, query, target })).toEqual(absent)
      await wire.result('sink_create', { name, resource, query: { condition: [] }, target })
      expect(await wire.call('sink_update', { name, query })).toEqual(absent)
      expect(await wire.result('sink_read', { name })).toMatchObject({ query: { condition: [] } })
      await wire.result('sink_delete', { name })
      expect(await wire.call('js-result_count', { query })).toMatchObject({
        result: { count: expect.any(Number) },
      })
    }
  })

  test('are read by rules of the super token at each run', async () => {
    const name = nameOf('rule')
    const root = secrets.root
    await wire.result(
      'view_create',
      { name, resource, query: { condition: [{ js_worker_name: 'old' }] } },
      root,
    )
    const preview = () =>
      wire.result('retention_preview', {
        resource,
        query: { condition: [{ view: name }] },
        older_than_ms: 60_000,
      })
    await wire.result('js-result_append', {
      rows: [{ js_worker_name: 'old', start_time: 1, finish_time: 2, result: 1 }],
    })
    expect(await preview()).toMatchObject({ would_delete: 1 })
    await wire.result('view_update', { name, query: { condition: [{ js_worker_name: 'none' }] } }, root)
    expect(await preview()).toMatchObject({ would_delete: 0 })
  })
})
