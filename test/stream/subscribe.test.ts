import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { resources } from '../../src/resource/kind/index.ts'
import type { Resource } from '../../src/resource/resource.ts'
import { plainRow } from '../resource/record-rows.ts'
import { secrets, startOn } from '../wire/support/app.ts'
import { failure, jsLimit, rpc } from '../wire/support/wire.ts'
import {
  changesOf,
  openPushSocket,
  type PushSocket,
  rowsOf,
  type Subscribing,
  untilPushed,
} from './push-socket.ts'
import { serveSuite } from './served-suite.ts'

const soon = { interval: 10, timeout: 5000 }
const everything = { query: { condition: [] } }

describe('X_subscribe', () => {
  const served = serveSuite()
  const { wire } = served

  const open = (token: string = secrets.root): Promise<PushSocket> =>
    openPushSocket(served.app.url, { token })

  async function subscribe(
    socket: PushSocket,
    resource = 'js-result',
    params: Readonly<Record<string, unknown>> = everything,
  ): Promise<{ readonly subscription: string; readonly start: number }> {
    const answer = await socket.call(`${resource}_subscribe`, params)
    expect(answer).toHaveProperty('result')
    const { result: subscription } = answer as Subscribing
    return { subscription, start: Number((await untilPushed(socket, 'start', subscription)).cursor) }
  }

  const append = (...names: readonly string[]): Promise<{ ids: readonly number[] }> =>
    wire.result('js-result_append', { rows: names.map(js_worker_name => ({ js_worker_name })) })

  /** Records one row of the object `name`; change events as the server's own triggers do. */
  async function record(resource: Resource, name: string): Promise<void> {
    const rows = [plainRow(resource, name)]
    if (resource.recorded === 'append') await wire.result(`${resource.name}_append`, { rows })
    else if (resource.recorded === 'keep') await served.postgres.keep([name])
    else await served.postgres.publish([name])
  }

  test.each(resources)('$name: pushes each change behind the number it answers', async resource => {
    const socket = await open()
    const query = { condition: [{ [`${resource.nameField}_like`]: 'pushed_*' }] }
    const { subscription, start } = await subscribe(socket, resource.name, { query })
    await record(resource, 'other')
    await record(resource, 'pushed_1')
    await record(resource, 'pushed_2')
    await expect.poll(() => changesOf(socket), soon).toHaveLength(2)
    const rows = await wire.result<readonly object[]>(`${resource.name}_query`, { query })
    const newest = rows.toSorted((a, b) => keyOf(resource, a) - keyOf(resource, b))
    const results = [
      { type: 'start', cursor: `${start}` },
      ...newest.map((row, i) => ({ type: 'row', number: i + 1, cursor: `${start + 2 + i}`, row })),
    ]
    expect(socket.received).toEqual([
      { jsonrpc: '2.0', id: 1, result: subscription },
      ...results.map(result => ({
        jsonrpc: '2.0',
        method: `${resource.name}_subscription`,
        params: { subscription, result },
      })),
    ])
  })

  describe('is refused', () => {
    test('to who is nobody, and to who may read nothing of it', async () => {
      const socket = await open()
      const reader = await wire.token([jsLimit('mine', { read: '*' })])
      const refusals = [
        [{ token: undefined }, failure(102, 'credential_required')],
        [{ token: 'x' }, failure(101, 'malformed_credential')],
        [{ token: `${secrets.root}x` }, failure(102, 'permission_denied')],
        [{ token: await wire.token() }, failure(102, 'permission_denied')],
        [{ token: await wire.token([], { timestamp_to: 1 }) }, failure(102, 'credential_expired')],
        [
          { token: reader, query: { condition: [{ js_worker_name: 'other' }] } },
          failure(102, 'permission_denied'),
        ],
        [
          { token: reader, query: { condition: [{ or: [{ js_worker_name_in: ['mine', 'other'] }] }] } },
          failure(102, 'permission_denied'),
        ],
      ] as const
      for (const [change, refusal] of refusals) {
        expect(await socket.call('js-result_subscribe', { ...everything, ...change })).toEqual(refusal)
      }
      expect(await socket.call('event-log_subscribe', { ...everything, token: reader })).toEqual(
        failure(102, 'permission_denied'),
      )
    })

    test('with the path of what is malformed', async () => {
      const socket = await open()
      const invalid = (path: string, reason?: string): unknown =>
        failure(-32602, reason ?? (expect.stringMatching(/^[a-z_]+$/) as unknown as string), path)
      const query = (...condition: readonly unknown[]): object => ({ query: { condition } })
      const refusals = [
        [{ query: undefined }, invalid('query')],
        [query('last'), invalid('query.condition[0]', 'misplaced_condition')],
        [query('is_failure', { limit: 10 }), invalid('query.condition[1]', 'misplaced_condition')],
        [query('all'), invalid('query.condition[0]', 'misplaced_condition')],
        [query('nope'), invalid('query.condition[0]', 'unknown_condition')],
        [query({ or: [{ js_worker_name: 1 }] }), invalid('query.condition[0].or[0].js_worker_name')],
        [query(...Array(33).fill('is_failure')), failure(110, 'too_many_conditions')],
        [{ after: -1 }, invalid('after')],
        [{ after: 1.5 }, invalid('after')],
        [{ after: '' }, invalid('after')],
        [{ after: 'x' }, invalid('after', 'bad_cursor')],
        [{ after: null }, invalid('after')],
        [{ format: 'xml' }, invalid('format')],
        [{ format: 'envelope' }, invalid('format')],
        [{ unheard_of: 1 }, invalid('unheard_of', 'unknown_member')],
      ] as const
      for (const [change, refusal] of refusals) {
        expect(await socket.call('js-result_subscribe', { ...everything, ...change })).toEqual(refusal)
      }
    })

    test('where the server can only answer', async () => {
      const required = failure(108, 'websocket_required')
      expect(await wire.call('js-result_subscribe', everything)).toEqual(required)
      const subscribing = rpc('js-result_subscribe', { token: secrets.root, ...everything })
      expect(await wire.ask([subscribing])).toEqual([required])
      const unknown = { subscription: 'x' }
      expect(await wire.call('js-result_unsubscribe', unknown)).toEqual(
        failure(105, 'subscription_not_found'),
      )
    })

    test('beyond a hundred of a connection, until one of them is given up', async () => {
      const socket = await open()
      const refused = failure(110, 'too_many_subscriptions')
      const query = { condition: [{ js_worker_name: 'never' }] }
      // Some of them fail, and do not count.
      await socket.call('js-result_subscribe', { query, after: 2 ** 40 })
      const asked = Array.from({ length: 105 }, () => socket.call('js-result_subscribe', { query }))
      const answers = await Promise.all(asked)
      expect(answers.filter(answer => JSON.stringify(answer).includes('"result"'))).toHaveLength(100)
      expect(answers.at(-1)).toEqual(refused)
      const { result: subscription } = answers[0] as Subscribing
      expect(await socket.call('event-log_subscribe', everything)).toEqual(refused)
      const success = expect.objectContaining({ result: true })
      expect(await socket.call('js-result_unsubscribe', { subscription })).toEqual(success)
      await subscribe(socket, 'event-log')
    })
  })

  test('ends with X_unsubscribe, which knows the subscriptions of its connection alone', async () => {
    const [socket, other] = [await open(), await open()]
    const one = await subscribe(socket)
    const two = await subscribe(socket)
    const missing = failure(105, 'subscription_not_found', 'subscription')
    const { subscription } = one
    expect(await other.call('js-result_unsubscribe', { subscription })).toEqual(missing)
    const nobody = { subscription, token: undefined }
    expect(await socket.call('js-result_unsubscribe', nobody)).toEqual(failure(102, 'credential_required'))
    expect(await socket.call('js-result_unsubscribe', { subscription })).toMatchObject({ result: true })
    expect(await socket.call('js-result_unsubscribe', { subscription })).toEqual(missing)
    await append('a')
    await expect.poll(() => rowsOf(socket, two.subscription), soon).toHaveLength(1)
    expect(rowsOf(socket, one.subscription)).toEqual([])
  })

  test('ends by its id alone by position, as libraries do', async () => {
    const headers = { authorization: `Bearer ${secrets.root}` }
    const socket = await openPushSocket(served.app.url, {}, { headers })
    const { subscription } = await subscribe(socket)
    socket.tell(rpc('js-result_unsubscribe', [subscription], 'gone'))
    await expect.poll(() => socket.received.at(-1), soon).toMatchObject({ id: 'gone', result: true })
  })

  test('is answered in a batch before anything is pushed, and works as a notification', async () => {
    const socket = await open()
    const { start } = await subscribe(socket)
    const token = secrets.root
    const rows = [{ js_worker_name: 'batched' }]
    const query = { condition: [{ js_worker_name: 'batched' }] }
    const from = { token, query, after: start }
    const answers = await socket.batch([
      rpc('js-result_append', { token, rows }, 'a'),
      rpc('js-result_subscribe', from, 'b'),
      rpc('js-result_subscribe', { ...from, token: 'bad' }, 'c'),
      { jsonrpc: '2.0', method: 'js-result_subscribe', params: from },
    ])
    expect(answers).toMatchObject([{ id: 'a' }, { id: 'b' }, { id: 'c', error: { code: 101 } }])
    const { result: subscription } = answers[1] as Subscribing
    await expect.poll(() => rowsOf(socket, subscription), soon).toHaveLength(1)
    // The one before, that one, and the one whose id nobody was told.
    await expect.poll(() => rowsOf(socket), soon).toHaveLength(3)
    const place = socket.received.findIndex(Array.isArray)
    const first = socket.received.findIndex(each => JSON.stringify(each).includes(subscription))
    expect(first).toBe(place)
  })

  test('goes on from any number that is kept', async () => {
    const socket = await open()
    const { start: before } = await subscribe(socket)
    const { ids } = await append('a', 'b', 'c')
    await expect.poll(() => changesOf(socket), soon).toHaveLength(3)
    const next = await open()
    await subscribe(next, 'js-result', { ...everything, after: before + 1 })
    await expect.poll(() => rowsOf(next).map(row => row.id), soon).toEqual(ids.slice(1))
    expect(changesOf(next).map(({ params }) => params.result)).toMatchObject([
      { number: 1, cursor: `${before + 2}` },
      { number: 2, cursor: `${before + 3}` },
    ])

    const ahead = await next.call('js-result_subscribe', { ...everything, after: before + 4 })
    expect(ahead).toMatchObject({
      error: { code: 108, data: { reason: 'sequence_ahead', last: before + 3 } },
    })
    await served.postgres.query(
      `delete from record_change where resource = 'js-result' and last_number < $1`,
      [before + 3],
    )
    const tooOld = await next.call('js-result_subscribe', { ...everything, after: 0 })
    const oldest = before + 1
    expect(tooOld).toMatchObject({
      error: { code: 108, data: { reason: 'sequence_too_old', oldest, after: `${before}` } },
    })
  })

  test('is counted in the metrics while it lasts', async () => {
    const read = async () => {
      const text = await (await fetch(`${served.app.url}/metrics`)).text()
      return [...text.matchAll(/^daybook_stream_(\w+)\{resource="execution-event"\} (\d+)$/gm)].map(
        ([, name, value]) => [name, Number(value)],
      )
    }
    const socket = await open()
    await subscribe(socket, 'execution-event')
    await subscribe(socket, 'execution-event')
    await expect.poll(read, soon).toEqual([
      ['subscribers', 2],
      ['lag', 0],
      ['match_cost', 0],
    ])
    socket.terminate()
    await expect.poll(read, soon).toEqual([
      ['subscribers', 0],
      ['lag', 0],
      ['match_cost', 0],
    ])
  })

  test('does not push what was deleted meanwhile', async () => {
    const socket = await open()
    const { start: after } = await subscribe(socket)
    const { ids } = await append('kept', 'gone')
    await expect.poll(() => changesOf(socket), soon).toHaveLength(2)
    await wire.result('js-result_delete', { query: { condition: [{ id: ids[1] }] } })
    await append('kept')
    const late = await open()
    await subscribe(late, 'js-result', { ...everything, after })
    await expect.poll(() => rowsOf(late), soon).toHaveLength(2)
    expect(rowsOf(late).map(row => row.js_worker_name)).toEqual(['kept', 'kept'])
  })

  describe('a token that changes', () => {
    const readsAll = [jsLimit('*', { read: '*' })]

    const revocations = [
      ['deleted', 'token_delete', {}],
      ['rolled', 'token_roll_token_secret', {}],
      ['edited to may nothing', 'token_edit', { limit: [] }],
    ] as const

    test.each(revocations)(
      'ends it before the next change when it is %s, and that of its JWT',
      async (_what, method, rest) => {
        for (let round = 0; round < 5; round++) {
          const token = await wire.token(readsAll)
          const { jwt } = await wire.result<{ jwt: string }>('token_issue', { ttl_ms: 60_000 }, token)
          const sockets = [await open(token), await open(jwt)]
          for (const socket of sockets) await subscribe(socket)
          const writing = append(...Array<string>(50).fill('before'))
          await sleep(Math.random() * 10)
          await wire.result(method, { target_token: token.slice(0, 16), ...rest })
          const { ids } = await append('after')
          await writing
          for (const socket of sockets) {
            const isOver = () => socket.pushes.at(-1)?.params.result.reason
            await expect.poll(isOver, soon).toBe('permission_denied')
            expect(rowsOf(socket).map(row => row.id)).not.toContain(ids[0])
          }
        }
      },
    )

    test('narrows it before the next change when it is narrowed, and widens it', async () => {
      const token = await wire.token(readsAll)
      const socket = await open(token)
      await subscribe(socket)
      for (let round = 0; round < 10; round++) {
        const writing = append(...Array<string>(20).fill('hidden'))
        await sleep(Math.random() * 10)
        const target_token = token.slice(0, 16)
        await wire.result('token_edit', { target_token, limit: [jsLimit('open*', { read: '*' })] })
        await append('hidden_after', `open_${round}`)
        await writing
        const lastRow = () => rowsOf(socket).at(-1)?.js_worker_name
        await expect.poll(lastRow, soon).toBe(`open_${round}`)
        await wire.result('token_edit', { target_token, limit: readsAll })
        await append(`seen_${round}`)
        await expect.poll(lastRow, soon).toBe(`seen_${round}`)
      }
      expect(rowsOf(socket).map(row => row.js_worker_name)).not.toContain('hidden_after')
    })

    test('ends it when its JWT is over', async () => {
      const token = await wire.token(readsAll)
      const issuing = { ttl_ms: 2000 }
      const issued = await wire.result<{ jwt: string; expires_at: number }>('token_issue', issuing, token)
      const socket = await open(issued.jwt)
      await subscribe(socket)
      await append('before')
      await expect.poll(() => rowsOf(socket), soon).toHaveLength(1)
      await sleep(issued.expires_at - Date.now() + 1)
      await append('after')
      await expect.poll(() => socket.pushes.at(-1)?.params.result.reason, soon).toBe('permission_denied')
      expect(rowsOf(socket)).toHaveLength(1)
    })
  })

  test('takes the credential of the connection', async () => {
    const headers = { authorization: `Bearer ${await wire.token([jsLimit('mine', { read: '*' })])}` }
    const socket = await openPushSocket(served.app.url, {}, { headers })
    await subscribe(socket)
    await append('other', 'mine')
    await expect.poll(() => rowsOf(socket), soon).toMatchObject([{ js_worker_name: 'mine' }])
  })

  test('ends when the server stops, with the last number', async () => {
    const other = await startOn(served.data)
    const socket = await openPushSocket(other.url, { token: secrets.root })
    const { start, subscription } = await subscribe(socket)
    await append('a')
    await expect.poll(() => rowsOf(socket), soon).toHaveLength(1)
    const closing = other.close()
    expect(await socket.closed).toBe(1001)
    await closing
    expect(socket.pushes.at(-1)).toEqual({
      jsonrpc: '2.0',
      method: 'js-result_subscription',
      params: { subscription, result: { type: 'end', reason: 'server_stopping', cursor: `${start + 1}` } },
    })
  })
})

function keyOf({ ordering }: Resource, row: object): number {
  return Number((row as Record<string, unknown>)[ordering.key])
}
