import { createHmac } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { secrets, startOn } from './support/app.ts'
import { createTestData, type TestData } from './support/data.ts'
import { createWire, type Wire } from './support/wire.ts'

interface Told {
  readonly url: string
  readonly body: string
  readonly signature: string
}

const template = '{{worker}} failed {{count}} times by {{time}}, {{total}} so far'

describe('workers written for NodeGet run as they are', () => {
  let data: TestData
  let app: Awaited<ReturnType<typeof startOn>>
  let wire: Wire
  const told: Told[] = []
  const chat = createServer(async (request, response) => {
    const body = (await request.setEncoding('utf8').toArray()).join('')
    told.push({ url: request.url ?? '', body, signature: String(request.headers['x-signature']) })
    response.setHeader('content-type', 'application/json').end('{"ok":true}')
  })

  beforeAll(async () => {
    await new Promise<void>(done => chat.listen(0, '127.0.0.1', done))
    data = await createTestData('postgres')
    app = await startOn(data, { DAYBOOK_OUTBOUND_ALLOW: '127.0.0.1' })
    wire = createWire(() => app)
    const token = await wire.token([
      {
        scopes: ['global'],
        permissions: [{ js_result: { read: 'traffic-bill' } }, { js_result: { read: 'watched' } }],
      },
    ])
    const endpoint = `http://127.0.0.1:${(chat.address() as AddressInfo).port}`
    await add('traffic-bill', { env: { token, billing_day: 5, price: 0.5 }, route_name: 'bill' })
    await add('notifier', {
      env: { token, endpoint, bot_token: '7:secret', chat_id: '42', template },
      fetch_hosts: ['127.0.0.1'],
    })
    await add('form', { env: { route_secret: 'open sesame' }, route_name: 'form.demo' })
    await wire.result('js-worker_create', {
      name: 'watched',
      js_script_base64: base64('export default { onCall() { throw new Error("down") } }'),
    })
  })
  afterAll(async () => {
    await app.close()
    chat.close()
    await data.remove()
  })

  const base64 = (text: string) => Buffer.from(text).toString('base64')
  const add = async (name: string, more: object) => {
    const source = await readFile(new URL(`./nodeget-workers/${name}.js`, import.meta.url), 'utf8')
    return wire.result('js-worker_create', { name, js_script_base64: base64(source), ...more })
  }
  /** The finished record of a run. */
  const run = (js_script_name: string, run_type: string, params: unknown) =>
    wire.result<{ result: unknown; error_message: string | null }>('js-worker_run', {
      js_script_name,
      run_type,
      params,
      wait_ms: 20_000,
    })
  const ask = (path: string, init?: RequestInit) => fetch(`${app.url}/worker-route/${path}`, init)

  test('a traffic bill keeps its ledger in its own records, counts and prices', async () => {
    const at = (day: number) => Date.UTC(2026, 0, day)
    const sample = (total: number) => [{ uuid: 'node', total: total * 1073741824 }]
    await run('traffic-bill', 'cron', { now: at(10), samples: sample(10) })
    await run('traffic-bill', 'cron', { now: at(11), samples: sample(2510.5) })
    const { result, error_message } = await run('traffic-bill', 'cron', { now: at(12), samples: sample(1) })
    expect(error_message).toBeNull()
    expect(result).toMatchObject({ ok: true, nodes: { node: { start: Date.UTC(2026, 0, 4, 16) } } })
    const response = await ask('bill/summary')
    expect(response.headers.get('access-control-allow-origin')).toBe('*')
    expect(await response.json()).toEqual({
      used: '2.501,5',
      total: '¥1,250.75',
      since: '2026-01-04T16:00:00.000Z',
    })
    expect((await ask('bill/none')).status).toBe(404)
    expect((await ask('bill/summary', { method: 'OPTIONS' })).status).toBe(204)
  })

  test('a notifier asks for records, calls another worker, formats a time and signs what it posts', async () => {
    await run('watched', 'call', null)
    const now = Date.UTC(2026, 0, 31, 20)
    const { result, error_message } = await run('notifier', 'cron', { watch: 'watched', now })
    expect(error_message).toBeNull()
    expect(result).toEqual({ ok: true, count: 1, caller: null, entry: 'onCron', name: 'notifier' })
    const [{ url, body, signature }] = told as [Told]
    expect(url).toBe('/bot7:secret/sendMessage')
    expect(JSON.parse(body)).toEqual({
      chat_id: '42',
      text: 'watched failed 1 times by 2026/2/1 04:00:00, ¥1,250.75 so far',
    })
    expect(signature).toBe(createHmac('sha256', '7:secret').update(body).digest('hex'))
  })

  test('a notifier whose token may not read what it watches says so, whatever its script may', async () => {
    const { result } = await run('notifier', 'call', { watch: 'form', now: 0 })
    expect(result).toMatchObject({ ok: false, error: expect.stringContaining('"code":102') })
  })

  describe('a route with a form', () => {
    const secret = { 'x-route-secret': 'open sesame' }

    test('shows its page to those who know the secret', async () => {
      expect((await ask('form.demo/ui')).status).toBe(401)
      const response = await ask('form.demo/ui?s=open%20sesame')
      expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8')
      expect(await response.text()).toContain(
        '<input name="name" value="&lt;you&gt;"><input name="route" value="form.demo">',
      )
    })

    test('takes what is filled in, as a form or as JSON, and redirects', async () => {
      const post = (body: string | URLSearchParams, more: Record<string, string> = {}) =>
        ask('form.demo/config', { method: 'POST', body, headers: { ...secret, ...more }, redirect: 'manual' })
      const answers = [
        await post(new URLSearchParams({ name: 'Zoë & co', days: '7' })),
        await post('{"name":"Zoë & co","days":"7"}', { 'content-type': 'application/json' }),
      ]
      for (const response of answers) {
        expect(await response.json()).toEqual({
          ok: true,
          saved: { name: 'Zoë & co', days: '7' },
          from: '127.0.0.1',
          entry: 'onRoute',
        })
      }
      expect((await post(new URLSearchParams())).status).toBe(400)
      const redirected = await post(new URLSearchParams({ name: 'a', back: '1' }))
      expect(redirected.status).toBe(303)
      expect(redirected.headers.get('location')).toMatch(/\/worker-route\/form\.demo\/ui\?saved=1$/)
    })

    test('serves bytes, and nobody forges the address of who asks', async () => {
      const icon = await ask('form.demo/icon')
      expect(icon.headers.get('content-type')).toBe('image/png')
      expect([...new Uint8Array(await icon.arrayBuffer())]).toEqual([...Buffer.from('iVBORw0K', 'base64')])
      const headers = { ...secret, 'NG-Connecting-IP': '6.6.6.6', 'content-type': 'application/json' }
      const response = await ask('form.demo/config', { method: 'POST', body: '{"name":"a"}', headers })
      expect(await response.json()).toMatchObject({ from: '127.0.0.1' })
    })
  })

  describe('nodeget()', () => {
    const asking =
      'export default { onCall: async calls => Promise.all(calls.map(call => nodeget(...call))) }'
    const create = (name: string, token?: string) =>
      wire.result('js-worker_create', { name, js_script_base64: base64(asking) }, token)
    const answersOf = async (name: string, ...calls: readonly (readonly unknown[])[]) =>
      (await run(name, 'call', calls)).result as {
        id: unknown
        result?: unknown
        error?: { code: number; data: object }
      }[]
    const reading = (name: string, token?: string) => [
      'js-result_count',
      { ...(token && { token }), query: { condition: [{ js_worker_name: name }] } },
    ]

    beforeAll(() => create('asks'))

    test('takes a request as an object or a text, or method, params and id, and answers the whole response', async () => {
      const hello = { jsonrpc: '2.0', method: 'nodeget-server_hello', params: [], id: 7 }
      const answers = await answersOf(
        'asks',
        [hello],
        [JSON.stringify(hello)],
        [hello.method, {}, 'mine'],
        [hello.method],
      )
      expect(answers.map(each => each.id)).toEqual([7, 7, 'mine', expect.stringMatching(/^[\da-f-]{36}$/)])
      expect(new Set(answers.map(each => each.result)).size).toBe(1)
      expect(answers[0]).toMatchObject({ jsonrpc: '2.0', result: expect.any(String) })
    })

    test('answers errors as responses: an unknown method, one outside the chain, parameters that are none', async () => {
      const answers = await answersOf(
        'asks',
        ['kv_get_value', {}],
        ['js-worker_run', {}],
        ['js-result_count', { query: 1 }],
        [5],
      )
      expect(answers.map(each => each.error?.code)).toEqual([-32601, 102, -32602, -32602])
      expect(answers[1]?.error?.data).toEqual({ reason: 'outside_chain' })
    })

    test('acts as the script, narrowed to what the credential among its parameters may', async () => {
      const narrow = await wire.token([
        { scopes: ['global'], permissions: [{ js_result: { read: 'traffic-bill' } }] },
      ])
      const answers = await answersOf(
        'asks',
        reading('watched'),
        reading('watched', narrow),
        reading('traffic-bill', narrow),
        reading('watched', 'wrong:credential'),
      )
      expect(answers.map(each => each.error?.code ?? 'read')).toEqual(['read', 102, 'read', 102])
    })

    test('never acts with more than the makers of the script may, whatever credential it presents', async () => {
      const maker = await wire.token([
        {
          scopes: ['global'],
          permissions: [{ js_worker: 'create' }, { js_result: { read: 'traffic-bill' } }],
        },
      ])
      await create('small', maker)
      const mint = ['token_create', { father_token: secrets.root, token_creation: { token_limit: [] } }]
      const answers = await answersOf(
        'small',
        reading('watched', secrets.root),
        reading('traffic-bill', secrets.root),
        mint,
      )
      expect(answers.map(each => each.error?.code ?? 'done')).toEqual([102, 'done', 102])
    })
  })

  test('inlineCall() takes a time limit in seconds, and is refused one that is none', async () => {
    const source = `export default {
      onInlineCall: (params, env, ctx) => params === 'loop' ? new Promise(done => setTimeout(done, 60_000)) : ctx.inlineCaller,
      onCall: async calls => Promise.all(calls.map(call => inlineCall(...call).catch(error => error.data.reason))) }`
    await wire.result('js-worker_create', { name: 'inline', js_script_base64: base64(source) })
    const calls = [
      ['inline', 1, 20],
      ['inline', 1],
      ['inline', 'loop', 0.05],
      ['inline', 1, 0],
      ['inline', 1, 'soon'],
    ]
    expect((await run('inline', 'call', calls)).result).toEqual([
      'inline',
      'inline',
      'script_timeout',
      'invalid_params',
      'invalid_params',
    ])
  })
})
