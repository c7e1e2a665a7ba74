import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, expectTypeOf, test } from 'vitest'
import {
  type Client,
  type ConditionOf,
  createClient,
  DaybookConnectionError,
  DaybookError,
  type JsResultRow,
} from '../../src/client/client.ts'
import { subscribe } from '../../src/client/subscribe.ts'
import type { Engine } from '../../src/database/database.ts'
import { stringifyJson } from '../../src/json.ts'
import { engines } from '../support/databases.ts'
import { secrets, startOn, type TestApp } from '../wire/support/app.ts'
import { createTestData, type TestData } from '../wire/support/data.ts'
import { type Gateway, openGateway } from './gateway.ts'
import { type Connection, changeText, type ScriptedStream, startScriptedStream } from './scripted-stream.ts'

const soon = { interval: 10, timeout: 5000 }

describe('following a server', () => {
  let data: TestData
  let server: TestApp
  let gateway: Gateway
  const token = secrets.root
  let client: Client

  beforeAll(async () => {
    data = await createTestData(engines[0] as Engine)
    server = await startOn(data)
    client = createClient({ url: server.url, token })
    gateway = await openGateway(server.url)
  }, 60_000)
  afterAll(async () => {
    await gateway.close()
    await server.close()
    await data.remove()
  })

  test('yields each change with its number, and ends with the loop', async () => {
    const opened = Promise.withResolvers<string>()
    const condition = [{ js_worker_name_like: 'seen_*' }]
    const changes = client.subscribe('js-result', condition, { onOpen: opened.resolve })
    const first = changes.next()
    const before = Number(await opened.promise)
    const param = JSON.parse('{"n":9007199254740993}', (_k, v, { source }) =>
      typeof v === 'number' ? JSON.rawJSON(source ?? '') : v,
    )
    const [, id, other] = await client.append('js-result', [
      { js_worker_name: 'unseen' },
      { js_worker_name: 'seen_1', param },
      { js_worker_name: 'seen_2' },
    ])
    const { value } = await first
    expect(value).toMatchObject({ cursor: `${before + 2}`, row: { id, js_worker_name: 'seen_1' } })
    expect(stringifyJson(value?.row.param)).toBe('{"n":9007199254740993}')
    for await (const { row, cursor } of changes) {
      expectTypeOf(row).toEqualTypeOf<JsResultRow>()
      expect({ cursor, id: row.id }).toEqual({ cursor: `${before + 3}`, id: other })
      break
    }
    expect(await changes.next()).toEqual({ done: true, value: undefined })
  })

  test('begins behind a number, in the envelope where there is one', async () => {
    for await (const { cursor } of client.subscribe('js-result', [], { after: 1 })) {
      expect(cursor).toBe('2')
      break
    }
    const changes = client.subscribe('change-event', [], { after: 0, format: 'envelope' })
    for await (const { cursor, row } of changes) {
      expectTypeOf(row).toEqualTypeOf<unknown>()
      expect(cursor).toBe('1')
      expect(row).toHaveProperty(['x-opt-sequence-number'], 1)
      break
    }
  })

  test('is ended by return() and by a signal while it waits', async () => {
    const returned = client.subscribe('js-result', [])
    const waiting = returned.next()
    await sleep(50)
    await returned.return()
    expect(await waiting).toEqual({ done: true, value: undefined })

    const controller = new AbortController()
    const aborted = client.subscribe('js-result', [], { signal: controller.signal })
    const next = aborted.next()
    await sleep(50)
    controller.abort()
    expect(await next).toEqual({ done: true, value: undefined })
    const late = client.subscribe('js-result', [], { signal: controller.signal })
    expect(await late.next()).toEqual({ done: true, value: undefined })
  })

  test('throws what no reconnect can mend', async () => {
    const refused = async (asked: ReturnType<Client['subscribe']>): Promise<unknown> =>
      asked.next().catch((error: unknown) => error)
    const bad = { limit: 1 } as const satisfies ConditionOf<'js-result'>
    const faults = [
      [client.subscribe('js-result', ['is_failure', bad]), -32602, 'misplaced_condition'],
      [client.subscribe('js-result', [], { after: 1e9 }), 108, 'sequence_ahead'],
      [createClient({ url: server.url }).subscribe('js-result', []), 102, 'credential_required'],
      [createClient({ url: server.url, token: 'x' }).subscribe('js-result', []), 101, 'malformed_credential'],
      [
        createClient({ url: server.url, token: 'root|wrong ü' }).subscribe('js-result', []),
        102,
        'permission_denied',
      ],
    ] as const
    for (const [asked, code, reason] of faults) {
      const thrown = await refused(asked as never)
      expect(thrown).toBeInstanceOf(DaybookError)
      expect(thrown).toMatchObject({ code, reason })
    }
    // What no header can carry.
    const broken = createClient({ url: server.url, token: 'a\nb:c' }).subscribe('js-result', [])
    await expect(broken.next()).rejects.toBeInstanceOf(TypeError)
  })

  test('throws when its token is taken away', async () => {
    const { key, secret } = await client.tokens.create({
      token_limit: [{ scopes: ['global'], permissions: [{ js_result: { read: '*' } }] }],
    })
    const opened = Promise.withResolvers<string>()
    const own = createClient({ url: server.url, token: `${key}:${secret}` })
    const next = own.subscribe('js-result', [], { onOpen: opened.resolve }).next()
    await opened.promise
    await client.tokens.delete(key)
    await expect(next).rejects.toMatchObject({ code: 102, reason: 'permission_denied' })
  })

  test('takes a password with characters beyond Latin-1', async () => {
    await client.tokens.create({
      username: 'ünï漢',
      password: 'pässwörd 漢字',
      token_limit: [{ scopes: ['global'], permissions: [{ js_result: { read: '*' } }] }],
    })
    const own = createClient({ url: `${server.url}/rpc`, token: 'ünï漢|pässwörd 漢字' })
    const { value } = await own.subscribe('js-result', [], { after: 0 }).next()
    expect(value).toMatchObject({ cursor: expect.stringMatching(/^\d+$/) })
  })

  test('goes on where it was when the network or the server was away', async () => {
    const opened: string[] = []
    const faults: unknown[] = []
    const remote = createClient({ url: gateway.url, token })
    const changes = remote.subscribe('event-log', [], {
      onOpen: cursor => void opened.push(cursor),
      onFault: fault => void faults.push(fault),
    })
    let next = changes.next()
    await expect.poll(() => opened, soon).toHaveLength(1)
    const ids: unknown[] = []
    for (let i = 0; i < 3; i++) {
      gateway.cut()
      const rows = [1, 2].map(n => ({ full_name: `cut.${i}.${n}`, sender: 's' }))
      await client.append('event-log', rows)
      gateway.mend(server.url)
      for (const _ of rows) {
        const { value } = await next
        ids.push(Number(value?.cursor), value?.row.full_name)
        next = changes.next()
      }
    }
    const start = Number(opened[0])
    expect(ids).toEqual([0, 1, 2].flatMap(i => [1, 2].flatMap(n => [start + i * 2 + n, `cut.${i}.${n}`])))
    expect(faults.length).toBeGreaterThan(0)
    expect(faults.every(fault => fault instanceof DaybookConnectionError)).toBe(true)
    expect(JSON.stringify(faults)).not.toContain(token)

    await server.close()
    server = await startOn(data)
    gateway.mend(server.url)
    client = createClient({ url: server.url, token })
    await client.append('event-log', [{ full_name: 'restarted', sender: 's' }])
    expect((await next).value?.row.full_name).toBe('restarted')
    await changes.return()
  }, 60_000)
})

describe('a stream', () => {
  const asked = { resource: 'js-result', condition: [] } as const

  function follow(
    { url }: Pick<ScriptedStream, 'url'>,
    options: Parameters<typeof subscribe>[2] = {},
    silenceMs = 150,
  ) {
    const settings = { url, token: undefined, fetch, timeoutMs: 300, silenceMs }
    return subscribe(settings, asked, options)
  }

  /** The numbers of the first so many changes. */
  async function take(changes: ReturnType<typeof follow>, count: number): Promise<readonly number[]> {
    const numbers: number[] = []
    for await (const { cursor } of changes) if (numbers.push(Number(cursor)) === count) break
    return numbers
  }

  test('is resumed behind the last number, of a heartbeat as well', async () => {
    const stream = await startScriptedStream((connection, place) => {
      const begin = Number(connection.query.after ?? 10)
      connection.stream(`retry: 1\nid: ${begin}\n\n`)
      if (place === 0)
        connection.stream(`${changeText(11)}id: 15\nevent: heartbeat\ndata: {}\n\nid: 99\ndata: {}\n`)
      if (place === 1) connection.stream(changeText(16))
      if (place === 2) connection.stream(`id: 17\nevent: end\ndata: {"reason":"too_slow"}\n\n`)
      if (place === 3) connection.stream(changeText(18))
      // What was begun is not sent to its end.
      setTimeout(connection.cut, 20)
    })
    expect(await take(follow(stream), 3)).toEqual([11, 16, 18])
    expect(stream.connections.map(({ query }) => query.after)).toEqual([undefined, '15', '16', '17'])
  })

  test('that is silent is cut and resumed', async () => {
    const faults: unknown[] = []
    const stream = await startScriptedStream((connection, place) => {
      connection.stream('id: 5\n\n')
      if (place === 1) connection.stream(changeText(6))
    })
    expect(await take(follow(stream, { onFault: fault => void faults.push(fault) }), 1)).toEqual([6])
    expect(faults).toMatchObject([{ name: 'DaybookConnectionError' }])
    await stream.connections[0]?.closed
    // The loop has ended, and so has its connection.
    await stream.connections[1]?.closed
  })

  const error = (code: number, data: object): string =>
    JSON.stringify({ jsonrpc: '2.0', error: { code, message: 'no', data }, id: null })

  test.each<[string, (connection: Connection) => void]>([
    ['a proxy that fails', each => each.answer(502, '<html>')],
    ['a server that stops', each => each.answer(503, error(110, { reason: 'stopping' }))],
    [
      'a database that is away',
      each => each.answer(503, error(103, { reason: 'unavailable', retryable: true })),
    ],
    ['a page', each => each.answer(200, '<html>a page</html>')],
    ['no answer', () => undefined],
    ['an end', each => each.response.writeHead(200, { 'content-type': 'text/event-stream' }).end()],
  ])('is asked for again after %s', async (_what, answer) => {
    const faults: unknown[] = []
    const stream = await startScriptedStream((connection, place) => {
      if (place === 0) answer(connection)
      else connection.stream(`id: 0\n\n${changeText(1)}`)
    })
    expect(await take(follow(stream, { onFault: fault => void faults.push(fault) }), 1)).toEqual([1])
    expect(faults).toHaveLength(1)
  })

  test.each([400, 413, 431])(
    'is not asked for again when the request itself is refused: %s',
    async status => {
      const stream = await startScriptedStream(connection => connection.answer(status, ''))
      await expect(follow(stream).next()).rejects.toMatchObject({ name: 'DaybookConnectionError', status })
      expect(stream.connections).toHaveLength(1)
    },
  )

  test('is not read while nobody asks for more', async () => {
    const row = { text: 'x'.repeat(10_000) }
    let sent = 0
    const stream = await startScriptedStream(async connection => {
      connection.stream('id: 0\n\n')
      const { response } = connection
      while (!response.destroyed && sent < 5000) {
        sent++
        if (response.write(changeText(sent, row))) continue
        await Promise.race([once(response, 'drain'), connection.closed])
      }
    })
    // A busy machine is silent for longer than the other tests allow.
    const changes = follow(stream, {}, 10_000)
    expect(await changes.next()).toMatchObject({ value: { cursor: '1' } })
    // What the system's buffers take, however long that lasts, and not the 50 MB that there are.
    for (let taken = 0; taken < sent; await sleep(300)) taken = sent
    expect(sent).toBeLessThan(2500)
    for (let number = 2; number <= 3000; number++) {
      expect((await changes.next()).value?.cursor).toBe(`${number}`)
    }
    await changes.return()
    expect(stream.connections).toHaveLength(1)
  })

  test.each([
    ['', '/stream'],
    ['/', '/stream'],
    ['/rpc', '/stream'],
    ['/nodeget/rpc', '/stream'],
    ['/behind/a/proxy/', '/behind/a/proxy/stream'],
    ['/behind/rpc?x=1', '/behind/stream'],
  ])('of a client of %s is at %s', async (path, expected) => {
    const stream = await startScriptedStream(connection => connection.stream(`id: 0\n\n${changeText(1)}`))
    await take(follow({ url: stream.url + path }), 1)
    expect(stream.connections[0]).toMatchObject({
      path: expected,
      query: { resource: 'js-result', condition: '[]' },
    })
  })
})
