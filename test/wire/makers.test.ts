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
})
