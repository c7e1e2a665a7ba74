import type { IncomingMessage, ServerResponse } from 'node:http'
import { Webhook } from 'standardwebhooks'
import { expect, onTestFinished, test } from 'vitest'
import { parseJson } from '../../src/json.ts'
import { createOutbound } from '../../src/outbound/outbound.ts'
import { createWebhooks, type Delivery, newWebhookSecret } from '../../src/outbound/webhook.ts'
import { bodyOf, listenHttp, listenTcp } from './listener.ts'

const secret = newWebhookSecret()
const now = Date.now()

function openWebhooks(version?: string) {
  const outbound = createOutbound({ allow: ['127.0.0.1'] })
  onTestFinished(() => outbound.close())
  return createWebhooks({ outbound, ...(version !== undefined && { version }) })
}

function deliveryOf(more: Partial<Delivery> = {}): Delivery {
  const { signal } = new AbortController()
  return { id: 'evt_42', attempt: 1, body: { type: 'x' }, now, timeoutMs: 30_000, signal, ...more }
}

/** What becomes of a delivery to a receiver that answers so. */
async function deliverTo(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const { port } = await listenHttp(answer)
  return openWebhooks().deliver({ url: `http://127.0.0.1:${port}/`, secrets: [secret] }, deliveryOf())
}

async function deliverToStatus(status: number, headers: Record<string, string> = {}, body = '') {
  return deliverTo((_request, response) => response.writeHead(status, headers).end(body))
}

interface Received {
  readonly method: string | undefined
  readonly headers: Record<string, string>
  readonly body: string
}

async function receive(secrets: readonly string[], deliveries: readonly Delivery[]): Promise<Received[]> {
  const received: Received[] = []
  const { port } = await listenHttp(async (request, response) => {
    const headers = request.headers as Record<string, string>
    received.push({ method: request.method, headers, body: await bodyOf(request) })
    response.end()
  })
  const webhooks = openWebhooks('1.2.3')
  for (const delivery of deliveries) {
    await webhooks.deliver({ url: `http://127.0.0.1:${port}/hook`, secrets }, delivery)
  }
  return received
}

test('an event arrives as signed JSON that the receiver can verify', async () => {
  const body = { type: 'job.done', data: { text: 'ключ 🔑 \ud800', list: [1, null] } }
  const [received] = await receive([secret], [deliveryOf({ body })])
  expect(received).toMatchObject({
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'user-agent': 'daybook/1.2.3',
      'webhook-id': 'evt_42',
      'webhook-timestamp': String(Math.floor(now / 1000)),
      'daybook-attempt': '1',
    },
  })
  expect(new Webhook(secret).verify(received?.body ?? '', received?.headers ?? {})).toEqual(body)
})

test('while secrets rotate, a receiver that has either one can verify', async () => {
  const older = newWebhookSecret()
  const [received] = await receive([secret, older], [deliveryOf()])
  const { headers = {}, body = '' } = received ?? {}
  expect(headers['webhook-signature']).toMatch(/^v1,\S{44} v1,\S{44}$/)
  for (const known of [secret, older]) expect(new Webhook(known).verify(body, headers)).toEqual({ type: 'x' })
  expect(() => new Webhook(newWebhookSecret()).verify(body, headers)).toThrow()
  expect(() => new Webhook(secret).verify(`${body} `, headers)).toThrow()
  expect(() => new Webhook(secret).verify(body, { ...headers, 'webhook-id': 'evt_43' })).toThrow()
})

test('a second attempt has the same id, and the signature of its own time', async () => {
  const attempts = await receive([secret], [deliveryOf(), deliveryOf({ attempt: 2, now: now + 60_000 })])
  expect(attempts.map(({ headers }) => [headers['webhook-id'], headers['daybook-attempt']])).toEqual([
    ['evt_42', '1'],
    ['evt_42', '2'],
  ])
  for (const { body, headers } of attempts) {
    expect(new Webhook(secret).verify(body, headers)).toEqual({ type: 'x' })
  }
  expect(new Set(attempts.map(({ headers }) => headers['webhook-signature'])).size).toBe(2)
})

test('a number that a double cannot hold is sent with all its digits', async () => {
  const text = '{"id":9007199254740993,"rate":0.12345678901234567890}'
  const [received] = await receive([secret], [deliveryOf({ body: parseJson(text) })])
  expect(received?.body).toBe(text)
  expect(() => new Webhook(secret).verify(text, received?.headers ?? {})).not.toThrow()
})

test.for([200, 201, 204, 299])('the status %i is a success', async status => {
  expect(await deliverToStatus(status)).toEqual({ kind: 'success', result: { status, body: '' } })
})

test.for<[contentType: string, body: string, kept: unknown]>([
  ['application/json', '{"ok":[1]}', { ok: [1] }],
  ['Application/Problem+JSON; charset=utf-8', '"x"', 'x'],
  ['application/json', '{"ok"', '{"ok"'],
  ['text/plain', '{"ok":1}', '{"ok":1}'],
  ['application/jsonp', '1', '1'],
  ['text/plain', 'a\u0000b', 'a\ufffdb'],
  // What the database could not keep stays the text it was.
  ['application/json', '{"a":"\\u0000"}', '{"a":"\\u0000"}'],
  ['application/json', '{"a":"\\ud800"}', '{"a":"\\ud800"}'],
  ['application/json', '['.repeat(60) + ']'.repeat(60), '['.repeat(60) + ']'.repeat(60)],
  ['application/json', '1e99999', '1e99999'],
])('an answer of type %s with %j is kept as %j', async ([type, body, kept]) => {
  const outcome = await deliverToStatus(200, { 'content-type': type }, body)
  expect(outcome).toEqual({ kind: 'success', result: { status: 200, body: kept } })
})

test('a number of the answer that a double cannot hold keeps its digits', async () => {
  const outcome = await deliverToStatus(200, { 'content-type': 'application/json' }, '[9007199254740993]')
  expect(JSON.stringify(outcome)).toContain('"body":[9007199254740993]')
})

test('of an answer of 10 MB, 64 KiB are kept as text', async () => {
  const outcome = await deliverToStatus(200, { 'content-type': 'application/json' }, ' '.repeat(10_000_000))
  const result = { status: 200, body: ' '.repeat(64 * 1024), truncated: true }
  expect(outcome).toEqual({ kind: 'success', result })
})

test.for([300, 301, 302, 303, 304, 307, 308])(
  'the redirect %i fails for good, and is not followed',
  async status => {
    const elsewhere = await listenHttp()
    const location = `http://127.0.0.1:${elsewhere.port}/`
    const outcome = await deliverToStatus(status, { location, 'retry-after': '1' })
    expect(outcome).toMatchObject({ kind: 'failed', retry: false })
    expect(outcome).not.toHaveProperty('retryAfterMs')
    expect(elsewhere.connections()).toBe(0)
  },
)

test('a receiver that is gone (410) gets nothing more', async () => {
  const outcome = await deliverToStatus(410, { 'retry-after': '1' }, 'closed')
  const message = 'webhook_failed: http_status 410: closed'
  expect(outcome).toEqual({ kind: 'failed', message, status: 410, retry: false, disable: true })
})

test.for([400, 401, 403, 404, 409, 429, 500, 502, 503, 599])('the status %i is tried again', async status => {
  const outcome = await deliverToStatus(status)
  const message = `webhook_failed: http_status ${status}`
  expect(outcome).toEqual({ kind: 'failed', message, status, retry: true })
})

const day = 24 * 60 * 60 * 1000
const later = new Date(Math.ceil(now / 1000) * 1000 + 90_000)

test.for<[status: number, text: string, wait: number | undefined]>([
  [429, '0', 0],
  [429, '120', 120_000],
  [503, '120', 120_000],
  [500, '7', 7000],
  [429, '99999999999999999999', day],
  [503, later.toUTCString(), later.getTime() - now],
  [503, 'Sun, 06 Nov 1994 08:49:37 GMT', 0],
  [503, 'Sunday, 06-Nov-94 08:49:37 GMT', 0],
  [503, 'Fri, 31 Dec 2199 23:59:59 GMT', day],
  [429, '-1', undefined],
  [429, '1.5', undefined],
  [429, 'soon', undefined],
  [429, 'Mon, soon GMT', undefined],
  [429, '2199-01-01', undefined],
  [429, 'Tue, 01 Jan 2199 00:00:00', undefined],
])('the status %i with Retry-After %s waits %s ms', async ([status, text, wait]) => {
  const outcome = await deliverToStatus(status, { 'retry-after': text })
  expect(outcome).toMatchObject({ kind: 'failed', retry: true })
  expect('retryAfterMs' in outcome ? outcome.retryAfterMs : undefined).toBe(wait)
})

test('a failure quotes at most 1 KiB of what the receiver said', async () => {
  const outcome = await deliverToStatus(500, {}, `a\u0000b${'€'.repeat(5000)}`)
  const message = outcome.kind === 'failed' ? outcome.message : ''
  expect(message).toMatch(/^webhook_failed: http_status 500: a\ufffdb€+$/)
  expect(Buffer.byteLength(message)).toBeGreaterThan(1024)
  expect(Buffer.byteLength(message)).toBeLessThan(1024 + 40)
})

test('an answer that drips fails at the time-out of the handler, and is tried again', async () => {
  const { port } = await listenHttp((_request, response) => {
    const timer = setInterval(() => response.write('x'), 20)
    response.on('close', () => clearInterval(timer))
  })
  const target = { url: `http://127.0.0.1:${port}/`, secrets: [secret] }
  const outcome = await openWebhooks().deliver(target, deliveryOf({ timeoutMs: 200 }))
  expect(outcome).toEqual({ kind: 'failed', message: 'webhook_failed: timeout: 200 ms', retry: true })
})

test('no delivery may take more than 15 s, whatever the handler allows', async () => {
  const asked: number[] = []
  const outbound = createOutbound({ allow: [] })
  const webhooks = createWebhooks({
    outbound: {
      ...outbound,
      request: request => {
        asked.push(request.timeoutMs)
        return outbound.request(request)
      },
    },
  })
  const target = { url: 'http://127.0.0.1/', secrets: [secret] }
  for (const timeoutMs of [1, 15_000, 15_001, 600_000])
    await webhooks.deliver(target, deliveryOf({ timeoutMs }))
  expect(asked).toEqual([1, 15_000, 15_000, 15_000])
})

test('a receiver that cannot be reached is tried again', async () => {
  const refusing = await listenTcp(() => {})
  await refusing.close()
  const target = { url: `http://127.0.0.1:${refusing.port}/`, secrets: [secret] }
  const outcome = await openWebhooks().deliver(target, deliveryOf())
  const message = 'webhook_failed: connection_failed: ECONNREFUSED'
  expect(outcome).toEqual({ kind: 'failed', message, retry: true })
})

test.for([
  ['http://10.0.0.1/', 'address_forbidden'],
  ['http://[::ffff:127.0.0.1]/', 'address_forbidden'],
  ['ftp://127.0.0.1/', 'bad_url'],
])('the forbidden URL %s fails for good', async ([url = '', reason]) => {
  const outcome = await openWebhooks().deliver({ url, secrets: [secret] }, deliveryOf())
  const message = expect.stringMatching(`^webhook_failed: ${reason}: `)
  expect(outcome).toEqual({ kind: 'failed', message, retry: false })
})

test('a delivery that is cancelled ends at once', async () => {
  const stop = new AbortController()
  const { port, open } = await listenHttp(() => stop.abort())
  const target = { url: `http://127.0.0.1:${port}/`, secrets: [secret] }
  const outcome = await openWebhooks().deliver(target, deliveryOf({ signal: stop.signal }))
  expect(outcome).toMatchObject({
    kind: 'failed',
    message: expect.stringMatching(/^webhook_failed: cancelled/),
  })
  await expect.poll(open).toBe(0)
})
