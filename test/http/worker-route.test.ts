import { connect } from 'node:net'
import { type FastifyInstance, fastify } from 'fastify'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Database } from '../../src/database/database.ts'
import { refusalReasonOf, refuse } from '../../src/http/http-refusal.ts'
import { createRateLimit } from '../../src/http/rate-limit.ts'
import { createUnfinishedBodies } from '../../src/http/unfinished-bodies.ts'
import { createBodyReader } from '../../src/http/whole-body.ts'
import { addWorkerRoute } from '../../src/http/worker-route.ts'
import { createMetrics } from '../../src/metrics.ts'
import { startWorkers, type TestWorkers, workerLimit } from '../js-worker/workers.ts'
import { openTestDatabase } from '../support/databases.ts'

describe('the worker route', () => {
  let database: Database
  let workers: TestWorkers
  let app: FastifyInstance
  let origin: string
  const health = { isLeaving: false, isStopping: false }
  const limits = { maxBodyBytes: 200_000, maxUnfinishedBytes: 1_000_000 }
  const unfinished = createUnfinishedBodies(limits)
  const readWhole = createBodyReader({ ...limits, unfinished })

  beforeAll(async () => {
    database = await openTestDatabase('postgres')
    workers = await startWorkers(database)
    app = fastify()
    app.removeAllContentTypeParsers()
    app.setErrorHandler((error, _request, reply) => {
      const reason = refusalReasonOf(error)
      return reason === undefined ? reply.send(error) : refuse(reply, reason)
    })
    addWorkerRoute(app, {
      database,
      scripts: workers.scripts,
      authenticate: workers.tokens.authenticator.authenticate,
      health,
      readWhole,
      rate: createRateLimit({ perSecond: 10_000, burst: 10_000 }),
      metrics: createMetrics(),
    })
    origin = await app.listen({ port: 0, host: '127.0.0.1' })
    await workers.add('echo', 'onRoute: params => ({ body: params })', { route_name: 'echo' })
    await workers.add('answer', 'onRoute: ({ body }) => JSON.parse(body)', { route_name: 'answer' })
  })
  afterAll(async () => {
    await app.close()
    unfinished.close()
    await workers.close()
    await database.close()
  })

  const ask = (path: string, init?: RequestInit) => fetch(`${origin}/worker-route${path}`, init)
  // biome-ignore lint/suspicious/noExplicitAny: what a client reads
  const read = async (response: Response): Promise<any> => response.json()
  const echo = async (path: string, init?: RequestInit) => read(await ask(`/echo${path}`, init))
  /** What the route makes of a script's result. */
  const answer = (result: string) => ask('/answer', { method: 'POST', body: result })
  const lastRow = async (name: string) => {
    const query = { condition: [{ js_worker_name: name }, { limit: 1 }] }
    return (await workers.call('js-result_query', { query }))[0]
  }

  test('is also where the programs of NodeGet look for it', async () => {
    const got = await read(await fetch(`${origin}/nodeget/worker-route/echo/a/b?x=1`))
    expect(got).toMatchObject({ method: 'GET', path: '/a/b', query: { x: '1' } })
    expect((await fetch(`${origin}/nodeget/worker-route/none/a`)).status).toBe(404)
  })

  test('gives the script the request: method, path, query, headers and body', async () => {
    const headers = { 'X-Own': 'a', 'content-type': 'text/csv' }
    const got = await echo('/a/b%20c?x=1&y=2&x=3&__proto__=4', { method: 'PUT', headers, body: 'ä;b' })
    expect(got).toMatchObject({ method: 'PUT', path: '/a/b%20c', body: 'ä;b' })
    expect(got.headers).toMatchObject({ 'x-own': 'a', 'content-type': 'text/csv' })
    expect(Object.entries(got.query)).toEqual([
      ['x', ['1', '3']],
      ['y', '2'],
      ['__proto__', '4'],
    ])
    expect(await echo('')).toMatchObject({ method: 'GET', path: '/', query: {}, body: null })
    expect(await echo('/?')).toMatchObject({ path: '/', query: {} })
  })

  test('gives the script a Request, whose URL is the whole one', async () => {
    const members = `onRoute: async request => Response.json({
      url: request.url, type: request.headers.get('Content-Type'), same: request.headers['content-type'],
      text: await request.text(), isRequest: request instanceof Request })`
    await workers.add('asked', members, { route_name: 'asked' })
    const response = await ask('/asked/a%20b?x=1&x=%C3%BC', { method: 'POST', body: 'ä' })
    const type = 'text/plain;charset=UTF-8'
    const url = `${origin}/worker-route/asked/a%20b?x=1&x=%C3%BC`
    expect(await response.json()).toEqual({ url, type, same: type, text: 'ä', isRequest: true })
  })

  test.each(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])('takes %s', async method => {
    expect(await echo('/x', { method })).toMatchObject({ method, path: '/x', body: null })
  })

  test('takes HEAD, and answers without a body', async () => {
    const response = await ask('/echo', { method: 'HEAD' })
    expect(response.status).toBe(200)
    expect(await response.text()).toBe('')
    expect((await lastRow('echo')).param).toMatchObject({ method: 'HEAD' })
  })

  test.each([
    ['bytes that are no UTF-8', Buffer.from([0xff, 0xfe])],
    ['a NUL', Buffer.from('a\0b')],
  ])('gives a body with %s as base64', async (_what, body) => {
    expect(await echo('', { method: 'POST', body })).toMatchObject({
      body: null,
      body_base64: body.toString('base64'),
    })
  })

  test('takes a body without a content type', async () => {
    const { promise, resolve } = Promise.withResolvers<string>()
    const socket = connect(Number(new URL(origin).port), '127.0.0.1')
    let text = ''
    socket.setEncoding('utf8').on('data', chunk => {
      text += chunk
    })
    socket.on('close', () => resolve(text))
    socket.write(
      'POST /worker-route/echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi',
    )
    expect(await promise).toMatch(/"body":"hi"/)
  })

  test('runs as a route of its own name, and leaves a record', async () => {
    await workers.add('context', 'onRoute: (p, e, ctx) => [ctx.run_type, ctx.caller]', {
      route_name: 'context',
    })
    const response = await ask('/context/deep/er')
    expect(await response.json()).toEqual(['route', null])
    expect(await lastRow('context')).toMatchObject({ run_type: 'route', param: { path: '/deep/er' } })
  })

  test('takes a route name of 128 characters', async () => {
    const route_name = 'r'.repeat(128)
    await workers.add('long', 'onRoute: () => 1', { route_name })
    expect((await ask(`/${route_name}/x`)).status).toBe(200)
  })

  test.each(['/nobody', '', '/', '/echo2', '/ech', '/%00', '/echo%2f', '/..%2fecho', '/a*'])(
    'does not find %s',
    async path => {
      expect((await ask(path)).status).toBe(404)
    },
  )

  test('refuses a query that no record could keep', async () => {
    expect((await ask('/echo?a=%00')).status).toBe(400)
    expect((await ask('/echo?a=%5Cu0000')).status).toBe(200)
  })

  test('refuses a body over the limit of the server', async () => {
    const response = await ask('/echo', { method: 'POST', body: 'x'.repeat(200_001) })
    expect(response.status).toBe(413)
  })

  describe('the answer', () => {
    const plain = 'text/plain; charset=utf-8'
    const json = 'application/json; charset=utf-8'

    test.each([
      ['{"status":201,"headers":{"X-A":"b"},"body":"hi"}', 201, plain, 'hi'],
      ['{"body":"<p>"}', 200, plain, '<p>'],
      ['{"body":{"a":1}}', 200, json, '{"a":1}'],
      ['{"body":[]}', 200, json, '[]'],
      ['{"body_base64":"aGk="}', 200, 'application/octet-stream', 'hi'],
      ['{"body_base64":5}', 200, json, '{"body_base64":5}'],
      ['{"body":0}', 200, json, '0'],
      ['{"status":404,"body":null}', 404, null, ''],
      ['{"status":204}', 204, null, ''],
      ['{"headers":{"Content-Type":"text/html"},"body":"x"}', 200, 'text/html', 'x'],
      ['{}', 200, json, '{}'],
      ['null', 200, json, 'null'],
      ['"text"', 200, json, '"text"'],
      ['[{"status":201}]', 200, json, '[{"status":201}]'],
      ['{"status":"ok"}', 200, json, '{"status":"ok"}'],
      ['{"status":101}', 200, json, '{"status":101}'],
      ['{"status":600}', 200, json, '{"status":600}'],
      ['{"status":200.5}', 200, json, '{"status":200.5}'],
      ['{"status":201,"more":1}', 200, json, '{"status":201,"more":1}'],
      ['{"headers":["a"]}', 200, json, '{"headers":["a"]}'],
      ['{"headers":{"a":1}}', 200, json, '{"headers":{"a":1}}'],
    ])('to %s has the status %i', async (result, status, type, body) => {
      const response = await answer(result)
      expect(response.status).toBe(status)
      expect(response.headers.get('content-type')).toBe(type)
      expect(await response.text()).toBe(body)
    })

    test('keeps a script from acting on this origin', async () => {
      const headers = {
        'Content-Security-Policy': 'default-src *',
        'x-content-type-options': 'sniff',
        'Set-Cookie': 'a=b',
        'Clear-Site-Data': '"*"',
        'Strict-Transport-Security': 'max-age=1',
        'Content-Type': 'text/html',
        'X-Own': 'yes',
      }
      const response = await answer(JSON.stringify({ headers, body: '<script>1</script>' }))
      expect(response.headers.get('content-security-policy')).toBe('sandbox')
      expect(response.headers.get('x-content-type-options')).toBe('nosniff')
      expect(response.headers.get('x-own')).toBe('yes')
      for (const name of ['set-cookie', 'clear-site-data', 'strict-transport-security']) {
        expect(response.headers.get(name)).toBeNull()
      }
    })

    test('leaves out headers that are malformed or belong to the connection', async () => {
      const headers = {
        'bad name': 'a',
        'x-split': 'a\r\nX-Evil: b',
        'transfer-encoding': 'chunked',
        'content-length': '999',
        connection: 'upgrade',
      }
      const response = await answer(JSON.stringify({ headers, body: 'hi' }))
      expect(response.status).toBe(200)
      expect(response.headers.get('x-evil')).toBeNull()
      expect(response.headers.get('x-split')).toBeNull()
      expect(response.headers.get('content-length')).toBe('2')
      expect(await response.text()).toBe('hi')
    })

    test('closes the connection while the server stops', async () => {
      health.isLeaving = true
      const response = await ask('/echo')
      health.isLeaving = false
      expect(response.headers.get('connection')).toBe('close')
      expect((await ask('/echo')).headers.get('connection')).toBe('keep-alive')
    })
  })

  describe('a failure', () => {
    const failing = async (name: string, onRoute: string, more = {}) => {
      await workers.add(name, onRoute, { route_name: name, ...more })
      const response = await ask(`/${name}`)
      const body = await response.json()
      const row = await lastRow(name)
      return { status: response.status, body, row, headers: response.headers }
    }

    test('of the script is 500 with the id of its record, which alone says why', async () => {
      const { status, body, row, headers } = await failing(
        'fails',
        'onRoute() { throw new Error("a secret") }',
      )
      expect({ status, body }).toEqual({ status: 500, body: { error: 'script_error', id: row.id } })
      expect(row.error_message).toContain('a secret')
      expect(headers.get('content-security-policy')).toBe('sandbox')
    })

    test('to end in time is 504', async () => {
      const { status, body, row } = await failing('late', 'onRoute() { for (;;); }', { max_run_time: 100 })
      expect({ status, body }).toEqual({ status: 504, body: { error: 'script_timeout', id: row.id } })
    })

    test('to have the entry point is a script error', async () => {
      expect(await failing('no_entry', 'onCall() {}')).toMatchObject({
        status: 500,
        body: { error: 'script_error' },
      })
    })

    test('of the sandbox, which is full, is 503; beyond the rate of an address it is 429', async () => {
      await workers.add('full', 'onRoute: () => 1', { route_name: 'full' })
      const busy = { kind: 'failed', reason: 'sandbox_busy', message: 'sandbox_busy: full' } as const
      const metrics = createMetrics()
      const other = fastify()
      const start = async () => ({ id: 7, done: Promise.resolve({ id: 7, outcome: busy, row: undefined }) })
      addWorkerRoute(other, {
        database,
        scripts: { ...workers.scripts, start },
        authenticate: workers.tokens.authenticator.authenticate,
        health,
        readWhole,
        rate: createRateLimit({ perSecond: 1, burst: 2 }),
        metrics,
      })
      const response = await other.inject('/worker-route/full')
      expect(response.statusCode).toBe(503)
      expect(response.headers['retry-after']).toBe('1')
      expect(response.json()).toEqual({ error: 'sandbox_busy', id: 7 })
      // Routes that are unknown cost a look-up, too.
      expect((await other.inject('/worker-route/nobody')).statusCode).toBe(404)
      const refused = await other.inject('/worker-route/full')
      expect(refused.statusCode).toBe(429)
      expect(refused.headers['retry-after']).toBe('1')
      expect(refused.headers['content-security-policy']).toBe('sandbox')
      expect(refused.json()).toEqual({ error: 'too_many_requests' })
      const counted = 'daybook_route_refusals_total{reason="too_many_requests"} 1'
      expect(await metrics.render()).toContain(counted)
      const elsewhere = await other.inject({ url: '/worker-route/full', remoteAddress: '192.0.2.1' })
      expect(elsewhere.statusCode).toBe(503)
      await other.close()
    })
  })

  describe('a client that hangs up', () => {
    test('cancels its run, whether it has begun or still waits', async () => {
      await workers.add('patient', `onRoute: () => new Promise(resolve => setTimeout(resolve, 60_000))`, {
        route_name: 'patient',
        max_run_time: 60_000,
      })
      const controller = new AbortController()
      const asked = Array.from({ length: 14 }, () => ask('/patient', { signal: controller.signal }))
      await expect.poll(workers.sandbox.counts, { timeout: 20_000 }).toMatchObject({ waiting: 12, queued: 2 })
      controller.abort()
      expect((await Promise.allSettled(asked)).map(({ status }) => status)).toEqual(
        Array(14).fill('rejected'),
      )
      const query = { condition: [{ js_worker_name: 'patient' }, 'is_failure'] }
      await expect
        .poll(async () => (await workers.call('js-result_query', { query })).length, { timeout: 10_000 })
        .toBe(14)
      const rows = await workers.call('js-result_query', { query })
      for (const row of rows) expect(row.error_message).toMatch(/^script_cancelled/)
      await expect.poll(workers.sandbox.counts).toEqual({ computing: 0, waiting: 0, queued: 0 })
    })
  })

  describe('the record', () => {
    test('keeps the headers that hold no secret, and names the others', async () => {
      const headers = {
        'x-api-key': 'hidden',
        'x-hub-signature': 'hidden',
        'user-agent': 'bot',
        accept: 'a/b',
      }
      const got = await echo('/secret', { headers })
      expect(got.headers).toMatchObject(headers)
      expect(got).not.toHaveProperty('headers_withheld')
      const { param } = await lastRow('echo')
      expect(param.headers).toMatchObject({ 'user-agent': 'bot', accept: 'a/b' })
      expect(param.headers_withheld).toEqual(expect.arrayContaining(['x-api-key', 'x-hub-signature']))
      expect(JSON.stringify(param)).not.toContain('hidden')
    })

    test.each([
      ['a text', Buffer.from('é'.repeat(40_000)), { body: 'é'.repeat(32_768), body_bytes: 80_000 }],
      [
        'a text cut within a character',
        Buffer.from(`a${'é'.repeat(40_000)}`),
        { body: `a${'é'.repeat(32_767)}` },
      ],
      [
        'no text',
        Buffer.alloc(80_000, 0xff),
        { body: null, body_base64: '/'.repeat(87_380), body_bytes: 80_000 },
      ],
    ])('keeps 64 KiB of a body that is %s, of which the script gets all', async (_what, body, kept) => {
      await workers
        .add('sizes', `onRoute: ({ body, body_base64 }) => (body ?? body_base64).length`, {
          route_name: 'sizes',
        })
        .catch(() => undefined)
      const response = await ask('/sizes', { method: 'POST', body })
      const text = body.includes(0xff) ? body.toString('base64') : body.toString()
      expect(await response.json()).toBe(text.length)
      expect((await lastRow('sizes')).param).toMatchObject({ ...kept, body_truncated: true })
    })

    test('of a body of 64 KiB keeps all', async () => {
      await ask('/sizes', { method: 'POST', body: 'x'.repeat(65_536) })
      const { param } = await lastRow('sizes')
      expect(param.body).toHaveLength(65_536)
      expect(param).not.toHaveProperty('body_truncated')
    })
  })

  describe('credentials', () => {
    const members = `onRoute: async (params, e, ctx) => ({ body: {
      caller: ctx.caller,
      headers: params.headers,
      read: await ctx.call('js-worker_read', { name: 'private' }).then(() => 'read', error => error.code),
    } })`

    beforeAll(async () => {
      await workers.add('private', '')
      await workers.add('rights', members, { route_name: 'rights' })
    })

    const rights = async (authorization?: string, more: Record<string, string> = {}) => {
      const headers = { ...(authorization !== undefined && { authorization }), ...more }
      return ask('/rights', { headers })
    }

    test('are not needed: without one the script has the rights of its owner', async () => {
      expect(await (await rights()).json()).toMatchObject({ caller: null, read: 'read' })
    })

    test('narrow the script to what the caller may, and are not handed to it', async () => {
      const narrow = await workers.tokens.create(workerLimit('other', 'read'))
      const wide = await workers.tokens.create(workerLimit('private', 'read'))
      const text = await (await rights(`Bearer ${narrow.credential}`, { cookie: 'a=b' })).text()
      expect(JSON.parse(text)).toMatchObject({ caller: { token_key: narrow.key }, read: 102 })
      expect(text).not.toContain(narrow.secret)
      expect(text).not.toContain('cookie')
      expect(JSON.stringify(await lastRow('rights'))).not.toContain(narrow.secret)
      expect(await (await rights(`bearer ${wide.credential}`)).json()).toMatchObject({ read: 'read' })
    })

    test.each(['Bearer a:b', 'Bearer nothing', 'Bearer', 'bearer '])(
      'that are wrong are refused and run nothing: %s',
      async authorization => {
        const before = await lastRow('rights')
        const response = await rights(authorization)
        expect(response.status).toBe(401)
        expect(response.headers.get('www-authenticate')).toBe('Bearer')
        expect(await response.json()).toEqual({ error: 'credential_refused' })
        expect(await lastRow('rights')).toEqual(before)
      },
    )

    test.each([
      ['of another scheme', { authorization: 'Basic aGlkZGVu' }],
      ['of the other header that takes one', { 'x-auth-token': 'hidden' }],
      ['of a proxy', { 'proxy-authorization': 'Basic aGlkZGVu' }],
    ])('%s reach neither the script nor its record', async (_what, headers) => {
      const text = await (await rights(undefined, headers)).text()
      for (const shown of [text, JSON.stringify(await lastRow('rights'))]) {
        expect(shown).not.toMatch(/aGlkZGVu|hidden|authorization|x-auth-token/)
      }
    })

    test('in the query reach neither, but what a script calls a token itself does', async () => {
      const { credential, secret } = await workers.tokens.create(workerLimit('other', 'read'))
      await ask(`/rights?token=${encodeURIComponent(credential)}&ticket=ticket.v1.abc&a=1`)
      const row = await lastRow('rights')
      expect(row.param.query).toEqual({ a: '1' })
      expect(JSON.stringify(row)).not.toContain(secret)
      await ask('/rights?token=of-the-chat')
      expect((await lastRow('rights')).param.query).toEqual({ token: 'of-the-chat' })
    })

    test('of an owner that are gone close the route', async () => {
      const owner = await workers.tokens.create(workerLimit('*', 'create'))
      await workers.add('orphan', 'onRoute: () => 1', { route_name: 'orphan' }, owner.credential)
      expect((await ask('/orphan')).status).toBe(200)
      await workers.tokens.call('token_delete', { token: workers.tokens.root, target_token: owner.key })
      const response = await ask('/orphan')
      expect(response.status).toBe(403)
      expect(await response.json()).toEqual({ error: 'permission_denied' })
    })
  })
})
