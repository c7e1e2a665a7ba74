import { randomUUID } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import { describeApps, failure } from './support/wire.ts'

/** Tries the methods that it is given, and returns what became of each: the code of an error, or null. */
const trying = `
const attempt = (ctx, [method, params]) => ctx.call(method, params).then(() => null, ({ code }) => code)
const run = ({ calls = [] }, env, ctx) => Promise.all(calls.map(call => attempt(ctx, call)))
export default {
  onCall: run,
  onEvent: run,
  onRoute: async ({ body }, env, ctx) => ({ body: await run(JSON.parse(body), env, ctx) }),
}`
const revealing = `export default { onCall: (params, env) => env }`

const base64 = (text: string): string => Buffer.from(text).toString('base64')
const limit = (scope: object, ...permissions: readonly object[]): object => ({ scopes: [scope], permissions })
const counting = (name: string) => limit({ js_worker: name }, { js_result: { read: name } })
const countOf = (js_worker_name: string) => [
  'js-result_count',
  { query: { condition: [{ js_worker_name }] } },
]
const minting = ['token_create', { token_creation: { token_limit: [] } }]
const shaping = limit(
  { js_worker: '*' },
  { js_worker: 'create' },
  { js_worker: 'write' },
  { js_worker: 'read' },
  { js_worker: 'run_defined_js_worker' },
)

describeApps('what scripts and handlers may do is what all their makers may', wire => {
  /** Two tokens that may shape any script; beside that, one may count `both` and `first`, the other `both` and `second`. */
  let first: string
  let second: string

  beforeAll(async () => {
    first = await wire.token([shaping, counting('both'), counting('first')])
    second = await wire.token([shaping, counting('both'), counting('second')])
  })

  async function newWorker(token?: string, more: object = {}): Promise<string> {
    const name = `made_${randomUUID()}`
    await wire.result('js-worker_create', { name, js_script_base64: base64(trying), ...more }, token)
    return name
  }

  const change = (name: string, token: string | undefined, changes: object) =>
    wire.result<Record<string, unknown>>('js-worker_update', { name, ...changes }, token)

  async function run(js_script_name: string, params: unknown, token?: string, more = {}): Promise<unknown> {
    const asked = { js_script_name, params, wait_ms: 20_000, ...more }
    return (await wire.result<{ result: unknown }>('js-worker_run', asked, token)).result
  }

  /** What the script may do when the super token runs it: nothing but its makers narrows it then. */
  const mayDo = (name: string) =>
    run(name, { calls: [countOf('both'), countOf('first'), countOf('second'), minting] })

  const onlyFirst = [null, null, 102, 102]
  const onlySecond = [null, 102, null, 102]
  const common = [null, 102, 102, 102]

  describe('a script', () => {
    test('of a small token mints no tokens on its public route once the super token has changed it', async () => {
      const route_name = randomUUID()
      const name = await newWorker(first, { route_name })
      const ask = async () => {
        const body = JSON.stringify({ calls: [minting, countOf('first')] })
        return (await fetch(`${wire.app.url}/worker-route/${route_name}`, { method: 'POST', body })).json()
      }
      expect(await ask()).toEqual([102, null])
      for (const changes of [
        { env: { mine: true } },
        { fetch_hosts: ['example.com'] },
        { schedule: { cron: '@yearly' } },
        { max_run_time: 20_000 },
        { open_env: ['mine'] },
        { js_script_base64: base64(trying) },
      ]) {
        await change(name, undefined, changes)
        expect(await ask(), JSON.stringify(changes)).toEqual([102, null])
      }
    })

    test.each([
      ['its env', { env: { a: 1 } }],
      ['what of its env is open', { open_env: ['a'] }],
      ['its hosts', { fetch_hosts: ['example.com'] }],
      ['its schedule', { schedule: { cron: '@yearly' } }],
      ['its route', { route_name: 'a_route' }],
      ['how long it may run', { max_run_time: 20_000 }],
      ['how much heap it has', { max_heap_size: 9_000_000 }],
    ])('may do less, never more, once another caller has changed %s', async (_what, changes) => {
      const name = await newWorker(first)
      await change(name, second, changes)
      expect(await mayDo(name)).toEqual(common)
      await change(name, undefined, { env: { b: 2 }, route_name: null })
      expect(await mayDo(name)).toEqual(common)
    })

    test('may do what it could when a change changes nothing', async () => {
      const given = {
        env: { a: [1, { b: null }], secrets: { key: 'x' } },
        fetch_hosts: ['example.com'],
        schedule: { cron: '@yearly', tz: 'UTC' },
        max_run_time: 20_000,
        open_env: ['a'],
      }
      const name = await newWorker(first, given)
      const before = await wire.result('js-worker_read', { name })
      await change(name, second, { ...given, env: { secrets: { key: '***' }, a: [1, { b: null }] } })
      await change(name, second, { js_script_base64: base64(trying) })
      await change(name, second, {})
      expect(await wire.result('js-worker_read', { name })).toEqual(before)
      expect(await mayDo(name)).toEqual(onlyFirst)
    })

    test('belongs to whoever gives it a new source', async () => {
      const name = await newWorker(first, { env: { a: 1 } })
      await change(name, second, { env: { a: 2 } })
      await change(name, second, { js_script_base64: base64(`${trying}\n`) })
      expect(await mayDo(name)).toEqual(onlySecond)
      await change(name, first, { js_script_base64: base64(trying) })
      expect(await mayDo(name)).toEqual(onlyFirst)
    })

    test('has the limits of the JWT that changed it, also where the token itself changes it again', async () => {
      const token_limit = [limit({ js_worker: 'made_*' }, { js_worker: 'write' }), counting('both')]
      const { jwt } = await wire.result<{ jwt: string }>(
        'token_issue',
        { ttl_ms: 60_000, token_limit },
        first,
      )
      const name = await newWorker(first)
      await change(name, jwt, { env: { a: 1 } })
      expect(await mayDo(name)).toEqual(common)
      await change(name, first, { env: { a: 2 } })
      expect(await mayDo(name)).toEqual(common)
    })

    test('runs no more when one of its makers is gone, until it is given a new source', async () => {
      const passing = await wire.token([shaping])
      const name = await newWorker(first)
      await change(name, passing, { env: { a: 1 } })
      expect(await mayDo(name)).toEqual([102, 102, 102, 102])
      await wire.result('token_delete', { target_token: passing.slice(0, 16) })
      expect(await wire.call('js-worker_run', { js_script_name: name, params: {} })).toEqual(
        failure(102, 'permission_denied'),
      )
      await change(name, first, { js_script_base64: base64(`${trying}\n`) })
      expect(await mayDo(name)).toEqual(onlyFirst)
    })
  })

  describe('the secrets of an env', () => {
    const env = { a: 1, secrets: { key: 'hidden' }, list: [{ secrets: ['deep'], b: 2 }] }
    const bare = { a: 1, list: [{ b: 2 }] }
    const masked = { a: 1, secrets: { key: '***' }, list: [{ secrets: ['***'], b: 2 }] }
    const js_script_base64 = base64(revealing)

    test('are not for another caller who replaces the source', async () => {
      const name = await newWorker(first, { env })
      expect(await change(name, second, { js_script_base64 })).toMatchObject({ env: bare })
      expect(await run(name, null, second)).toEqual(bare)
    })

    test('are not given back by their masks to another caller who replaces the source', async () => {
      const name = await newWorker(first, { env })
      const attempt = { name, js_script_base64, env: masked }
      expect(await wire.call('js-worker_update', attempt, second)).toEqual(
        failure(108, 'secret_unknown', 'env.secrets.key'),
      )
      const own = { secrets: { key: 'mine' } }
      await change(name, second, { js_script_base64, env: own })
      expect(await run(name, null, second)).toEqual(own)
    })

    test('are not reached by changing something else first', async () => {
      const name = await newWorker(first, { env })
      await change(name, second, { env: { ...masked, c: 3 } })
      await change(name, second, { js_script_base64 })
      expect(await run(name, null, second)).toEqual({ ...bare, c: 3 })
    })

    test('are not sent to hosts that another caller allows', async () => {
      const name = await newWorker(first, { env, fetch_hosts: ['example.com'], js_script_base64 })
      expect(await change(name, second, { fetch_hosts: ['example.com', 'spy.example'] })).toMatchObject({
        env: bare,
      })
    })

    test('stay when another caller changes the rest, and when their giver replaces the source', async () => {
      const name = await newWorker(first, { env, fetch_hosts: ['example.com'] })
      await change(name, first, { js_script_base64 })
      expect(await run(name, null, first)).toEqual(env)
      await change(name, second, { env: { ...masked, a: 2 }, fetch_hosts: [], route_name: null })
      expect(await run(name, null, first)).toEqual({ ...env, a: 2 })
    })
  })

  describe('a run', () => {
    const env = { a: 1, b: { secrets: { key: 'x' } }, secrets: { key: 'y' } }

    test('replaces the members of env that the worker declares open, and no others', async () => {
      const name = await newWorker(first, { env, open_env: ['a', 'c'], js_script_base64: base64(revealing) })
      const over = { a: [2], c: 3 }
      expect(await run(name, null, second, { env: over })).toEqual({ ...env, ...over })
      expect(await run(name, null, second, { env: {} })).toEqual(env)
      for (const [member, value] of [
        ['b', {}],
        ['secrets', { key: 'mine' }],
        ['d', 1],
        ['constructor', 1],
      ] as const) {
        const asked = { js_script_name: name, params: null, env: { [member]: value } }
        expect(await wire.call('js-worker_run', asked, second)).toEqual(
          failure(108, 'env_not_open', `env.${member}`),
        )
      }
    })

    test('takes what is as its caller may read it, and refuses the same from others', async () => {
      const name = await newWorker(first, { env, js_script_base64: base64(revealing) })
      const { env: shown } = await wire.result<{ env: object }>('js-worker_read', { name }, first)
      expect(shown).not.toEqual(env)
      expect(await run(name, null, first, { env: shown })).toEqual(env)
      const blind = await wire.token([limit({ js_worker: '*' }, { js_worker: 'run_defined_js_worker' })])
      for (const [token, given, member] of [
        [first, { ...shown, a: 'changed' }, 'a'],
        [blind, { a: env.a }, 'a'],
        [blind, { a: 'changed' }, 'a'],
      ] as const) {
        const asked = { js_script_name: name, params: null, env: given }
        expect(await wire.call('js-worker_run', asked, token)).toEqual(
          failure(108, 'env_not_open', `env.${member}`),
        )
      }
    })

    test('replaces no secrets, wherever they stand', async () => {
      const js_script_base64 = base64(revealing)
      const name = await newWorker(first, { env, open_env: ['a', 'b'], js_script_base64 })
      for (const over of [{ b: {} }, { a: { secrets: 1 } }, { a: [{ deep: { secrets: {} } }] }]) {
        const asked = { js_script_name: name, params: null, env: over }
        expect(await wire.call('js-worker_run', asked)).toEqual(
          failure(108, 'env_not_open', `env.${Object.keys(over)[0]}`),
        )
      }
      const closed = { name, open_env: ['a', 'secrets'] }
      expect(await wire.call('js-worker_update', closed)).toMatchObject({
        error: { code: -32602, data: { path: 'open_env[1]' } },
      })
    })

    test('replaces nothing where no member is open or the env has no members', async () => {
      for (const [own, open_env] of [
        [{ a: 1 }, null],
        [{ a: 1 }, []],
        [[1], ['a']],
        ['text', ['a']],
      ] as const) {
        const name = await newWorker(first, { env: own, open_env })
        const asked = { js_script_name: name, params: null, env: { a: 2 } }
        expect(await wire.call('js-worker_run', asked)).toEqual(failure(108, 'env_not_open', 'env.a'))
      }
    })
  })

  describe('a handler', () => {
    const sending = limit({ sender: '*' }, { event: { send: '*' } })
    const receiving = (pattern: string) => limit({ sender: pattern }, { event: { receive: '*' } })
    const writing = limit({ event: '*' }, { event_handler: { write: '*' } }, { event_log: { read: '*' } })
    const claiming = limit({ event: '*' }, { event_handler: { claim: '*' } })
    const remote = { kind: 'remote' }
    const denied = failure(102, 'permission_denied')
    const refused = expect.stringMatching(/^permission_denied/)

    interface Ended {
      readonly status: string
      readonly result: unknown
      readonly error_message: string | null
    }

    const newHandler = async (token: string | undefined, sender: string, target: object, more = {}) => {
      const full_name = `handler_${randomUUID()}`
      await wire.result('event-handler_create', { full_name, sender, target, ...more }, token)
      return full_name
    }

    const send = (sender: string, kwargs: object = {}, token?: string, more = {}) =>
      wire.result<{ matched: boolean; request_id: string; event_logs: Ended[] }>(
        'event_send',
        { sender, kwargs, ...more },
        token,
      )

    async function outcome(sender: string, token?: string): Promise<unknown> {
      const calls = [countOf('both'), countOf('first'), countOf('second'), minting]
      const { event_logs } = await send(sender, { calls }, token, { wait_ms: 20_000 })
      return event_logs[0]?.status === 'success' ? event_logs[0].result : event_logs[0]
    }

    test('takes only what its maker may receive, at its creation and at each change', async () => {
      const token = await wire.token([writing, claiming, receiving('spy.*')])
      const create = (sender: string) =>
        wire.call('event-handler_create', { full_name: randomUUID(), sender, target: remote }, token)
      for (const sender of ['*', 's*', 'spy*', 'bank.transfer', 'bank.*', 'spy']) {
        expect(await create(sender), sender).toEqual(denied)
      }
      for (const sender of ['spy.*', 'spy.one', 'spy.one.*']) {
        expect(await create(sender), sender).toMatchObject({ result: { sender } })
      }
      const own = await newHandler(token, 'spy.*', remote)
      const theirs = await newHandler(undefined, 'bank.*', remote)
      const hook = { kind: 'webhook', url: 'https://a.example', secret: `whsec_${'A'.repeat(40)}` }
      for (const asked of [
        { full_name: own, sender: '*' },
        { full_name: own, sender: 'bank.*', target: hook },
        { full_name: theirs, timeout_ms: 1000 },
        { full_name: theirs, target: hook },
      ]) {
        expect(await wire.call('event-handler_update', asked, token)).toEqual(denied)
      }
    })

    test('is made and changed only by who may run its target', async () => {
      const target = { kind: 'js_worker', name: await newWorker(first) }
      const token = await wire.token([writing, receiving('*')])
      for (const each of [target, remote]) {
        const asked = { full_name: randomUUID(), sender: 'a', target: each }
        expect(await wire.call('event-handler_create', asked, token)).toEqual(denied)
      }
      for (const each of [target, remote]) {
        const full_name = await newHandler(undefined, 'a', each, { enabled: false })
        for (const changes of [{ timeout_ms: 1000 }, { sender: 'b' }, { retry: { limit: 0 } }]) {
          const asked = { full_name, ...changes }
          expect(await wire.call('event-handler_update', asked, token)).toEqual(denied)
        }
        await wire.result('event-handler_update', { full_name, enabled: false, description: 'x' }, token)
      }
    })

    test('runs with the rights that its sender, its maker and the makers of the script have in common', async () => {
      const make = (...names: readonly string[]) =>
        wire.token([shaping, writing, claiming, sending, receiving('*'), ...names.map(counting)])
      const maker = await make('both', 'first')
      const scriptMaker = await make('both', 'second')
      const sender = await make('both', 'first', 'second')
      for (const [worker, owner, expected] of [
        [await newWorker(), maker, onlyFirst],
        [await newWorker(scriptMaker), undefined, onlySecond],
        [await newWorker(scriptMaker), maker, common],
      ] as const) {
        const from = randomUUID()
        await newHandler(owner, from, { kind: 'js_worker', name: worker })
        expect(await outcome(from, sender)).toEqual(expected)
      }
    })

    test('may do less once another caller has changed what it does, until that caller gives it another target', async () => {
      const make = (...names: readonly string[]) =>
        wire.token([shaping, writing, claiming, receiving('*'), ...names.map(counting)])
      const [one, other] = [await make('both', 'first'), await make('both', 'second')]
      const from = randomUUID()
      const target = { kind: 'js_worker', name: await newWorker() }
      const full_name = await newHandler(one, from, target)
      const update = (changes: object) =>
        wire.result('event-handler_update', { full_name, ...changes }, other)

      const before = await wire.result('event-handler_read', { full_name })
      await update({ target, sender: from, retry: { limit: 2 }, timeout_ms: 30_000 })
      expect(await wire.result('event-handler_read', { full_name })).toEqual(before)
      await update({ enabled: false, description: 'described' })
      await update({ enabled: true })
      expect(await outcome(from)).toEqual(onlyFirst)
      await update({ retry: { limit: 0 } })
      expect(await outcome(from)).toEqual(common)
      await update({ target: { kind: 'js_worker', name: await newWorker() } })
      expect(await outcome(from)).toEqual(onlySecond)
    })

    test.each([
      ['is deleted', (target_token: string) => wire.result('token_delete', { target_token })],
      [
        'may receive less',
        (target_token: string) => wire.result('token_edit', { target_token, limit: [receiving('other')] }),
      ],
    ])('is given nothing more when the token of its maker %s', async (_what, end) => {
      const from = randomUUID()
      const maker = await wire.token([shaping, writing, claiming, receiving(from)])
      const full_name = await newHandler(maker, from, { kind: 'js_worker', name: await newWorker() })
      expect(await send(from)).toMatchObject({ matched: true })
      const late = await send(from, {}, undefined, { delay_ms: 500 })
      await end(maker.slice(0, 16))
      expect(await send(from)).toMatchObject({ matched: false, event_logs: [] })
      const query = { condition: [{ request_id: late.request_id }, { full_name }] }
      const read = async () => (await wire.result<Ended[]>('event-log_query', { query }))[0]
      await expect
        .poll(read, { timeout: 20_000, interval: 50 })
        .toMatchObject({ status: 'fail', error_message: refused })
    })

    test('leaves nothing that its maker may not receive any more to those who claim its work', async () => {
      const from = randomUUID()
      const maker = await wire.token([writing, claiming, receiving('*')])
      const claimer = await wire.token([claiming])
      const full_name = await newHandler(maker, `${from}*`, remote)
      const claim = { full_names: [full_name], max: 1 }
      const { request_id } = await send(`${from}1`)
      await send(`${from}2`)
      const limits = [writing, claiming, receiving(`${from}2`)]
      await wire.result('token_edit', { target_token: maker.slice(0, 16), limit: limits })
      expect(await wire.result('event-task_claim', claim, claimer)).toMatchObject({
        tasks: [{ sender: `${from}2` }],
      })
      expect(await wire.result('event-task_claim', claim, claimer)).toEqual({ tasks: [] })
      const query = { condition: [{ request_id }] }
      expect(await wire.result('event-log_query', { query })).toMatchObject([
        { status: 'fail', error_message: refused },
      ])
    })

    test('is given what its own schedule fires, whatever its maker may receive', async () => {
      const maker = await wire.token([shaping, writing, receiving('nobody')])
      const script = { kind: 'js_worker', name: await newWorker() }
      const full_name = await newHandler(maker, 'nobody', script, { schedule: { cron: '* * * * * *' } })
      const query = { condition: [{ full_name }, 'is_success', { limit: 1 }] }
      const read = () => wire.result<unknown[]>('event-log_query', { query })
      await expect.poll(read, { timeout: 20_000, interval: 100 }).toHaveLength(1)
      await wire.result('event-handler_update', { full_name, schedule: null })
    })

    test('signs with the secret of its maker only what goes to the URL of its maker', async () => {
      const make = () => wire.token([writing, receiving('*')])
      const [maker, other] = [await make(), await make()]
      const hook = { kind: 'webhook', url: 'https://one.example/', secret: `whsec_${'A'.repeat(40)}` }
      const elsewhere = { kind: 'webhook', url: 'https://other.example/' }
      const full_name = await newHandler(maker, 'nobody', hook)
      const update = (target: object, token: string) =>
        wire.call('event-handler_update', { full_name, target }, token)
      expect(await update(elsewhere, other)).toEqual(failure(-32602, 'invalid_params', 'target.secret'))
      expect(await update(elsewhere, maker)).toMatchObject({ result: { target: elsewhere } })
      expect(await update(elsewhere, other)).toMatchObject({ result: { target: elsewhere } })
    })
  })
})
