import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { declaredMethods } from '../support/declared-methods.ts'
import { methodCases, prepareCases } from '../wire/method-cases.ts'
import { secrets, startTestApp, type TestApp } from '../wire/support/app.ts'
import { createWire, rpc } from '../wire/support/wire.ts'

type Row = Readonly<Record<string, unknown>>

/** What only looks. A method that changes something belongs to neither of these lists: it is `isAudited`. */
const looking = [
  /_(query|page|count|stats|facet|get|subscribe|unsubscribe|read|list|status|preview)$/,
  /^(nodeget-server_.*|rpc\.discover|stream_ticket|token_list_all_tokens|token_explain)$/,
  /^(change-event_envelopes|event-log_chain|js-worker_list_all_js_worker|js-worker_get_rt_pool)$/,
  /^events\.services\.EventSvc\.(get|query|count).*$/,
]

/** What is done all the time, and is a record itself. */
const recording = [
  /_(append|finish)$/,
  /^(event_send|change-event_publish|js-worker_run|event-task_.*)$/,
  /^events\.services\.EventSvc\.sendEvent$/,
]

const isOf = (patterns: readonly RegExp[], name: string) => patterns.some(pattern => pattern.test(name))

test.each(declaredMethods)('$name looks, records, or is in the trail', ({ name, isAudited = false }) => {
  expect([isOf(looking, name), isOf(recording, name), isAudited].filter(Boolean), name).toHaveLength(1)
})

describe('on a server', () => {
  let app: TestApp
  const wire = createWire(() => app)
  const audited = new Set(declaredMethods.filter(each => each.isAudited).map(({ name }) => name))

  beforeAll(async () => {
    app = await startTestApp('postgres')
    await prepareCases(wire)
  })
  afterAll(() => app.close())

  const trail = (...condition: readonly unknown[]) =>
    wire.result<readonly Row[]>('audit-log_query', { query: { condition } })

  test.each(methodCases.filter(({ method }) => audited.has(method)))(
    'a call of $method leaves a trail',
    async ({ method, params, refused }) => {
      const [last] = await trail('last', { method })
      const given = await params(wire)
      const before = await trail({ method })
      await wire.call(method, given)
      await expect
        .poll(async () => (await trail({ method })).length, { timeout: 5000 })
        .toBeGreaterThan(before.length)
      const [row] = await trail('last', { method })
      expect(row?.id).not.toBe(last?.id)
      expect(row).toMatchObject({
        token_key: secrets.root.slice(0, 16),
        token_name: 'root',
        address: '127.0.0.1',
        outcome: refused === undefined ? 'success' : 'denied',
        reason: refused ?? null,
      })
    },
  )

  test('no secret ever comes into the trail, wherever it stood', async () => {
    const secret = 'S3cretS3cretS3cretS3cretS3cret12'
    const encoded = Buffer.from('export default { onCall: () => 1 }').toString('base64')
    const named = { username: 'audited', password: secret }
    await wire.result('token_create', { token_creation: { ...named, token_limit: [] } })
    await wire.result('token_change_password', { target_token: 'audited', new_password: `${secret}2` })
    await wire.result('js-worker_create', {
      name: 'secretive',
      js_script_base64: encoded,
      env: { open: secret, secrets: { key: secret } },
    })
    await wire.result('js-worker_update', { name: 'secretive', env: { secrets: { key: secret } } })
    const url = `https://example.com/${secret}`
    const target = { webhook: { url, secret: `whsec_${Buffer.from(secret).toString('base64')}` } }
    const query = { condition: [] }
    await wire.call('sink_create', { name: 'secretive', resource: 'js-result', query, target })
    await wire.call('sink_update', { name: 'secretive', target: { webhook: { url } } })
    await wire.call('event-handler_create', {
      full_name: 'secretive',
      sender: 'x',
      target: { kind: 'webhook', url, secret },
    })
    for (const target_token of [secret, `${secrets.root.slice(0, 16)}:${secret}`]) {
      for (const method of ['token_delete', 'token_roll_token_secret'])
        await wire.call(method, { target_token })
      await wire.call('token_edit', { target_token, limit: [] })
    }
    await wire.call('js-worker_delete', { name: secret })
    await wire.call('sink_delete', { name: secret })
    const wrong = [
      `${secrets.root.slice(0, 16)}:${secret}`,
      `${secret.slice(0, 16)}:${secret}`,
      `root|${secret}`,
      `${secret}|${secret}`,
      `audited|${secret}`,
      secret,
      `a.${secret}.b`,
    ]
    for (const token of wrong) {
      await wire.ask(rpc('js-result_query', { token, query }))
      await wire.ask(rpc('token_create', { token, token_creation: { ...named, token_limit: [] } }))
      await wire.ask(rpc(secret, { token }))
      const headers = { authorization: `Bearer ${token}` }
      await fetch(`${app.url}/export/js-result`, { headers })
      await fetch(`${app.url}/stream?resource=js-result`, { headers })
      await fetch(`${app.url}/worker-route/nothing`, { headers })
    }
    await expect
      .poll(async () => (await trail('is_denied', { reason: 'malformed_credential' })).length, {
        timeout: 5000,
      })
      .toBeGreaterThan(0)
    await new Promise(resolve => setTimeout(resolve, 1500))
    const all = JSON.stringify(await trail({ limit: 10_000 }))
    expect(all).toContain('secretive')
    expect(all).not.toMatch(/S3cret/i)
    expect(all).not.toContain(Buffer.from(secret).toString('base64').slice(0, 20))
  })
})
