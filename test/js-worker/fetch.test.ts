import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Database } from '../../src/database/database.ts'
import { createOutbound, type Outbound } from '../../src/outbound/outbound.ts'
import { openTestDatabase } from '../support/databases.ts'
import { startWorkers, type TestWorkers } from './workers.ts'

describe("a script's fetch", () => {
  let database: Database
  let outbound: Outbound
  let workers: TestWorkers
  let server: Server
  let origin: string
  let requests = 0

  beforeAll(async () => {
    server = createServer(async (request, response) => {
      requests += 1
      const body = (await request.setEncoding('utf8').toArray()).join('')
      if (request.url === '/large') return void response.end('x'.repeat(1024 * 1024 + 1))
      if (request.url === '/moved') return void response.writeHead(302, { location: '/elsewhere' }).end()
      if (request.url === '/bytes') return void response.end(Buffer.from([255, ...Buffer.from(body)]))
      const { method, headers } = request
      response.writeHead(201, { 'content-type': 'application/json', 'x-own': 'yes' })
      response.end(JSON.stringify({ method, own: headers['x-own'], host: headers.host, body }))
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    database = await openTestDatabase('postgres')
    outbound = createOutbound({ allow: ['127.0.0.1'] })
    workers = await startWorkers(database, { outbound })
    await workers.add('closed', fetching)
    await workers.add('open', fetching, { fetch_hosts: ['127.0.0.1', '*.example.com'] })
  })
  afterAll(async () => {
    await workers.close()
    await outbound.close()
    server.close()
    await database.close()
  })

  const fetching = `onCall: async ([url, options], e, ctx) => {
    try {
      const response = await fetch(url, options)
      const { ok, status } = response
      return { ok, status, own: response.headers.get('X-Own'), body: await response.text() }
    } catch (error) {
      return error.data?.reason ?? error.message
    }
  }`

  test('is refused without hosts, and connects to nothing', async () => {
    const before = requests
    expect(await workers.run('closed', [origin])).toMatchObject({ result: 'fetch_not_allowed' })
    expect(requests).toBe(before)
  })

  test('reaches an allowed host, and brings status, headers and body', async () => {
    const options = {
      method: 'put',
      headers: { 'X-Own': 'mine', Host: 'evil', Connection: 'x' },
      body: 'hello',
    }
    const { result } = await workers.run('open', [`${origin}/a`, options])
    expect(result).toMatchObject({ ok: true, status: 201, own: 'yes' })
    expect(JSON.parse(result.body)).toEqual({
      method: 'PUT',
      own: 'mine',
      host: origin.slice(7),
      body: 'hello',
    })
  })

  test('follows no redirect', async () => {
    expect(await workers.run('open', [`${origin}/moved`])).toMatchObject({
      result: { ok: false, status: 302 },
    })
  })

  test('follows redirects when it is asked to, up to what its hosts allow, or refuses them', async () => {
    const followed = await workers.run('open', [
      `${origin}/moved`,
      { method: 'POST', body: 'x', redirect: 'follow' },
    ])
    expect(followed).toMatchObject({ result: { status: 201 } })
    expect(JSON.parse(followed.result.body)).toMatchObject({ method: 'GET', body: '' })
    const refused = await workers.run('open', [`${origin}/moved`, { redirect: 'error' }])
    expect(refused).toMatchObject({ result: 'redirected to /elsewhere' })
  })

  test('sends and brings bytes as they are', async () => {
    const members = `onCall: async url => {
      const response = await fetch(new Request(url, { method: 'POST', body: new Uint8Array([1, 2, 65]) }))
      return [[...new Uint8Array(await response.arrayBuffer())], [...await response.clone().bytes()].length]
    }`
    await workers.add('bytes', members, { fetch_hosts: ['127.0.0.1'] })
    expect(await workers.run('bytes', `${origin}/bytes`)).toMatchObject({ result: [[255, 1, 2, 65], 4] })
  })

  test.each([
    ['another host', 'http://localhost/', undefined, 'host_forbidden'],
    ['an address in disguise that is not listed', 'http://127.2/', undefined, 'host_forbidden'],
    ['no URL', 'nowhere', undefined, 'bad_url'],
    ['a file', 'file:///etc/passwd', undefined, 'bad_url'],
    ['an object as body', 'http://127.0.0.1/', { body: { a: 1 } }, expect.stringContaining('a body is')],
    ['a method that is none', 'http://127.0.0.1/', { method: 'A B' }, 'invalid_params'],
    ['CONNECT', 'http://127.0.0.1/', { method: 'connect' }, 'invalid_params'],
  ])('refuses %s', async (_what, url, options, reason) => {
    expect(await workers.run('open', [url, options])).toMatchObject({ result: reason })
  })

  test('a refused host names the member that lists hosts, a refused address the setting', async () => {
    const members = `onCall: url => fetch(url).catch(({ message, data }) => ({ message, data }))`
    await workers.add('curious', members, { fetch_hosts: ['10.0.0.1'] })
    expect(await workers.run('curious', 'http://localhost/')).toMatchObject({
      result: {
        message: expect.stringContaining('fetch_hosts'),
        data: { reason: 'host_forbidden', member: 'fetch_hosts' },
      },
    })
    expect(await workers.run('curious', 'http://10.0.0.1/')).toMatchObject({
      result: {
        message: expect.stringContaining('DAYBOOK_OUTBOUND_ALLOW'),
        data: { reason: 'address_forbidden' },
      },
    })
  })

  test('refuses an answer of more than a megabyte', async () => {
    expect(await workers.run('open', [`${origin}/large`])).toMatchObject({ result: 'answer_too_large' })
  })

  test('does not reach a private address that the operator has not allowed, whatever the worker allows', async () => {
    const strict = await startWorkers(database)
    const caller = undefined
    const started = await strict.scripts.start({
      worker: 'open',
      entry: 'onCall',
      runType: 'call',
      params: [origin],
      caller,
    })
    const before = requests
    expect((await started.done).outcome).toMatchObject({ result: '"address_forbidden"' })
    expect(requests).toBe(before)
    await strict.close()
  })
})
