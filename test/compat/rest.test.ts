import { request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { startServer } from '../../src/app/serve.ts'
import { restErrors } from '../../src/compat/rest/errors.ts'
import { createRouteFinder, type RestRoute } from '../../src/compat/rest/route.ts'
import { readConfig } from '../../src/config.ts'
import { createLogger } from '../../src/logger.ts'
import type { Method } from '../../src/method/method.ts'
import { createMetrics } from '../../src/metrics.ts'
import { testAuthenticate, testMethod } from '../http/test-methods.ts'
import { lockTable } from '../trust/table-lock.ts'
import { startOn } from '../wire/support/app.ts'
import { createTestData } from '../wire/support/data.ts'
import { createWire, send } from '../wire/support/wire.ts'
import { executionPath, gcsError, least } from './gcs/path.ts'
import { eventsPath, modelartsError } from './modelarts/path.ts'
import { askRest } from './rest/ask.ts'

function routeTo(handle: Method['handle']): RestRoute {
  const params = z.strictObject({ name: z.string(), body: z.unknown() })
  const get = testMethod('GET test', handle, { params: params.omit({ body: true }) })
  const post = testMethod('POST test', handle, { params })
  return { path: '/v1/test/{name}', errors: restErrors('Test'), get, post }
}

async function startRoute(handle: Method['handle'], env: Readonly<Record<string, string>> = {}) {
  const log: string[] = []
  const metrics = createMetrics()
  const server = await startServer({
    config: readConfig({ env: { PORT: '0', ...env } }),
    methods: [],
    restRoutes: [routeTo(handle)],
    authenticate: testAuthenticate,
    probes: { ping: async () => undefined, pendingMigrations: async () => [] },
    openrpc: async () => ({}),
    logger: createLogger({ level: 'debug', stream: { write: line => void log.push(line) } }),
    metrics,
  })
  onTestFinished(() => server.close())
  const get = async (path = '/v1/test/a') => {
    const answer = await send(server.url, { path, method: 'GET', headers: { 'x-request-id': 'asked-1' } })
    return { ...answer, json: JSON.parse(answer.body) }
  }
  return { ...server, get, log, metrics }
}

describe('a path', () => {
  const find = createRouteFinder([routeTo(async () => null)])

  test.each([
    ['/v1/test/a', 'a'],
    ['/v1/test/', ''],
    ['/v1/test/a?b/c', 'a'],
    ['/v1/test/a#b', 'a'],
    ['/v1/test/%2F', '%2F'],
  ])('%s is found', (url, name) => {
    expect(find(url)?.params.get('name')).toBe(name)
  })

  test.each(['/v1/test', '/v1/test/a/b', '/v1/test/a/', '/v2/test/a', '/x/v1/test/a', '?/v1/test/a', ''])(
    '%j is not found',
    url => {
      expect(find(url)).toBeUndefined()
    },
  )
})

describe('a fault of our own', () => {
  test('is a 500 that tells nothing but under what the log holds it', async () => {
    const { get, log, metrics } = await startRoute(async () => {
      throw new Error('select secret from vault')
    })
    const { status, json } = await get()
    const error_msg = 'Internal error; correlation id asked-1'
    expect([status, json]).toEqual([500, { error_code: 'Test.0008', error_msg }])
    const [fault] = log.map(line => JSON.parse(line)).filter(line => line.correlationId === 'asked-1')
    expect(fault).toMatchObject({ method: 'GET test', err: { message: 'select secret from vault' } })
    expect(await metrics.render()).toContain('daybook_requests_total{method="GET test",code="500"} 1')
  })

  test('is what an answer is that no JSON can say', async () => {
    const { get } = await startRoute(async () => 1n)
    expect(await get()).toMatchObject({ status: 500, json: { error_code: 'Test.0008' } })
  })
})

test('an answer larger than any may be is a 400', async () => {
  const { get } = await startRoute(async () => 'ä'.repeat(600), { DAYBOOK_MAX_ANSWER_BYTES: '1024' })
  expect(await get()).toMatchObject({ status: 400, json: { error_code: 'Test.0001' } })
})

describe('a server that stops', () => {
  async function startGated() {
    const gate = Promise.withResolvers<void>()
    const started = Promise.withResolvers<void>()
    const server = await startRoute(async () => {
      started.resolve()
      await gate.promise
      return 'done'
    })
    return { ...server, started: started.promise, openGate: gate.resolve }
  }

  test('answers what runs, and ends the connection', async () => {
    const { get, close, started, openGate } = await startGated()
    const running = get()
    await started
    const closing = close()
    openGate()
    expect(await running).toMatchObject({ status: 200, json: 'done', headers: { connection: 'close' } })
    await closing
  })

  test('waits for what runs for a client that has hung up', async () => {
    const { url, close, started, openGate } = await startGated()
    const sent = request(`${url}/v1/test/a`, { agent: false }).on('error', () => undefined)
    sent.end()
    await started
    sent.destroy()
    const closing = close().then(() => 'closed')
    expect(await Promise.race([closing, sleep(200, 'waiting')])).toBe('waiting')
    openGate()
    expect(await closing).toBe('closed')
  })
})

describe('a database that does not answer in time', () => {
  test('is a 503 that says when to try again, in the shape of each surface', async () => {
    const data = await createTestData('postgres')
    const app = await startOn(data, { DAYBOOK_STATEMENT_TIMEOUT_MS: '200' })
    onTestFinished(() => app.close().then(data.remove))
    const wire = createWire(() => app)
    const body = { service_name: 'n', event_info: 'i' }
    expect((await askRest(wire, eventsPath('a'), { body })).status).toBe(200)
    for (const table of ['service_event', 'execution_event']) await lockTable(data.postgresUrl ?? '', table)
    for (const asked of [{}, { body }]) {
      const { status, json, headers } = await askRest(wire, eventsPath('a'), asked)
      expect([status, json]).toEqual([503, modelartsError('0009', 'Database error')])
      expect(headers['retry-after']).toBe('1')
    }
    for (const asked of [{}, { body: least }]) {
      const { status, json, headers } = await askRest(wire, executionPath('a'), asked)
      expect([status, json]).toEqual([503, gcsError('0009', 'Database error')])
      expect(headers['retry-after']).toBe('1')
    }
    const failed = app.log.map(line => JSON.parse(line)).filter(line => line.msg === 'a method failed')
    expect(failed).toHaveLength(4)
  })
})
