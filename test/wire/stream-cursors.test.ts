import { EventSource } from 'undici'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openGateway } from '../client/gateway.ts'
import { type EventStream, openEventStream } from '../http/event-stream.ts'
import { changesOf, openPushSocket, untilPushed } from '../stream/push-socket.ts'
import { serveSuite } from '../stream/served-suite.ts'
import { failure, jsLimit, send } from './support/wire.ts'

const soon = { interval: 10, timeout: 5000 }
const everything = { query: { condition: [] } }

describe('where a stream goes on', () => {
  const served = serveSuite()
  const { wire } = served

  const readsMine = () => wire.token([jsLimit('mine', { read: '*' })])

  const append = (...names: readonly string[]): Promise<{ ids: readonly number[] }> =>
    wire.result('js-result_append', { rows: names.map(js_worker_name => ({ js_worker_name })) })

  const namesOf = (stream: EventStream): readonly string[] =>
    stream.events().map(({ data: row = '' }) => JSON.parse(row).js_worker_name)

  describe('for a token that may not see everything', () => {
    test('is another text each time, and changes are counted for it alone', async () => {
      const socket = await openPushSocket(served.app.url, { token: await readsMine() })
      await socket.call('js-result_subscribe', everything)
      const { cursor: first } = await untilPushed(socket, 'start')
      await append('hidden', 'mine', 'hidden', 'hidden', 'mine')
      await expect.poll(() => changesOf(socket), soon).toHaveLength(2)
      const again = await socket.call('js-result_subscribe', { ...everything, after: first })
      const { result: subscription } = again as { result: string }
      const { cursor: same } = await untilPushed(socket, 'start', subscription)
      await expect.poll(() => changesOf(socket), soon).toHaveLength(4)
      const results = changesOf(socket).map(({ params }) => params.result)
      expect(results.map(({ number }) => number)).toEqual([1, 2, 1, 2])
      const cursors = [first, same, ...results.map(({ cursor }) => cursor)]
      expect(new Set(cursors).size).toBe(6)
      // Not even their lengths tell two places apart.
      expect(new Set(cursors.map(cursor => cursor.length)).size).toBe(1)
    })

    test('is a number for one that may', async () => {
      const token = await wire.token([jsLimit('*', { read: '*' })])
      const socket = await openPushSocket(served.app.url, { token })
      await socket.call('js-result_subscribe', { query: { condition: [{ js_worker_name: 'never' }] } })
      expect((await untilPushed(socket, 'start')).cursor).toMatch(/^\d+$/)
    })

    test('is good over WebSocket and HTTP, from the beginning and behind each change', async () => {
      const token = await readsMine()
      const { ids } = await append('mine', 'hidden', 'mine')
      const headers = { authorization: `Bearer ${token}` }
      const idsOf = (stream: EventStream) => stream.events().map(({ data: row = '' }) => JSON.parse(row).id)
      const all = await openEventStream(served.app.url, {
        query: { resource: 'js-result', after: '0' },
        headers,
      })
      await expect.poll(() => idsOf(all).slice(-2), soon).toEqual([ids[0], ids[2]])
      const [{ id: cursor = '' } = {}] = all.events().slice(-2)
      const resumed = { ...headers, 'last-event-id': cursor }
      const stream = await openEventStream(served.app.url, {
        query: { resource: 'js-result' },
        headers: resumed,
      })
      await expect.poll(() => idsOf(stream), soon).toEqual([ids[2]])
      const socket = await openPushSocket(served.app.url, { token })
      await socket.call('js-result_subscribe', { ...everything, after: cursor })
      await expect.poll(() => changesOf(socket), soon).toHaveLength(1)
    })

    test('is nothing that can be tried out, or that another token may use', async () => {
      const [token, other] = [await readsMine(), await readsMine()]
      const ask = (after: unknown, by = token, resource = 'js-result') =>
        openPushSocket(served.app.url, { token: by }).then(socket =>
          socket.call(`${resource}_subscribe`, { ...everything, after }),
        )
      for (const after of [1, '1', 10 ** 9])
        expect(await ask(after)).toEqual(failure(108, 'cursor_required', 'after'))
      const socket = await openPushSocket(served.app.url, { token })
      await socket.call('js-result_subscribe', everything)
      const { cursor } = await untilPushed(socket, 'start')
      const bad = failure(-32602, 'bad_cursor', 'after')
      expect(await ask(cursor)).toHaveProperty('result')
      expect(await ask(cursor, other)).toEqual(bad)
      expect(await ask(`${cursor.slice(0, -2)}AA`)).toEqual(bad)
    })

    test('that is too old tells where to begin, and no number', async () => {
      const token = await readsMine()
      const { ids } = await append('mine', 'hidden', 'mine')
      const last = async () =>
        Number(
          (
            await served.postgres.query(
              `select last_number from stream_position where resource = 'js-result'`,
            )
          ).rows[0].last_number,
        )
      await expect
        .poll(async () => (await served.postgres.query('select 1 from pending_change')).rows, soon)
        .toEqual([])
      await served.postgres.query(
        `delete from record_change where resource = 'js-result' and last_number < $1`,
        [await last()],
      )
      const socket = await openPushSocket(served.app.url, { token })
      const answer = await socket.call('js-result_subscribe', { ...everything, after: 0 })
      expect(answer).toEqual(failure(108, 'sequence_too_old', 'after'))
      const { error } = answer as { error: { message: string; data: { after: string } } }
      expect(Object.keys(error.data).toSorted()).toEqual(['after', 'path', 'reason'])
      expect(error.message).not.toMatch(/\d/)
      await socket.call('js-result_subscribe', { ...everything, after: error.data.after })
      await expect.poll(() => changesOf(socket).at(-1)?.params.result.row?.id, soon).toBe(ids[2])
    })
  })

  describe('a ticket', () => {
    const asked = { resource: 'js-result' }

    async function ticketOf(token: string, params: object = asked): Promise<string> {
      const { ticket } = await wire.result<{ ticket: string }>('stream_ticket', { ...params }, token)
      return ticket
    }

    const open = (ticket: string, last = ''): Promise<EventStream> =>
      openEventStream(served.app.url, {
        query: { ticket },
        headers: last === '' ? {} : { 'last-event-id': last },
      })

    async function refusal(stream: EventStream): Promise<object> {
      await stream.ended
      return { status: stream.status, ...JSON.parse(stream.text()).error.data }
    }

    test('opens the stream that it was made for, with the rights of its maker, and resumes it', async () => {
      const ticket = await ticketOf(await readsMine())
      const stream = await open(ticket)
      expect(stream.status).toBe(200)
      await append('mine', 'hidden', 'mine')
      await expect.poll(() => namesOf(stream), soon).toEqual(['mine', 'mine'])
      const [{ id = '' } = {}] = stream.events()
      const resumed = await open(ticket, id)
      await expect.poll(() => namesOf(resumed), soon).toEqual(['mine'])
    })

    test('is all that an EventSource needs, which comes back by itself', async () => {
      const gateway = await openGateway(served.app.url)
      onTestFinished(gateway.close)
      const token = await readsMine()
      const source = new EventSource(`${gateway.url}/stream?ticket=${await ticketOf(token)}`)
      onTestFinished(() => source.close())
      const heard: string[] = []
      const starts: unknown[] = []
      source.onmessage = ({ data: row }) => void heard.push(JSON.parse(row).param)
      source.addEventListener('start', event => void starts.push(event))
      await expect.poll(() => starts, soon).toHaveLength(1)
      const write = (param: string) =>
        wire.result('js-result_append', { rows: [{ js_worker_name: 'mine', param }] })
      await write('first')
      await expect.poll(() => heard, soon).toEqual(['first'])
      gateway.cut()
      await write('meanwhile')
      gateway.mend(served.app.url)
      await expect.poll(() => starts, soon).toHaveLength(2)
      await write('then')
      await expect.poll(() => heard, soon).toEqual(['first', 'meanwhile', 'then'])
    })

    test('of who may read everything is resumed by what it was sent, not by numbers', async () => {
      const token = await wire.token([jsLimit('*', { read: '*' })])
      const ticket = await ticketOf(token)
      const stream = await open(ticket)
      await append('a')
      await expect.poll(() => namesOf(stream), soon).toEqual(['a'])
      expect(stream.events()[0]?.id).not.toMatch(/^\d+$/)
      expect(await refusal(await open(ticket, '1'))).toMatchObject({ status: 400, path: 'Last-Event-ID' })
      const foreign = await open(await ticketOf(token), stream.events()[0]?.id)
      expect(await refusal(foreign)).toMatchObject({ status: 400, path: 'Last-Event-ID' })
    })

    test('keeps what it was asked: conditions, and where it begins', async () => {
      const token = await readsMine()
      const socket = await openPushSocket(served.app.url, { token })
      await socket.call('js-result_subscribe', everything)
      const { cursor: after } = await untilPushed(socket, 'start')
      await wire.result('js-result_append', {
        rows: [{ js_worker_name: 'mine', error_message: 'no' }, { js_worker_name: 'mine' }],
      })
      const stream = await open(
        await ticketOf(token, { ...asked, query: { condition: ['is_failure'] }, after }),
      )
      await expect.poll(() => namesOf(stream), soon).toEqual(['mine'])
      expect(stream.events()[0]?.data).toContain('"no"')
    })

    test.each([
      ['deleted', 'token_delete'],
      ['given another secret', 'token_roll_token_secret'],
    ])('is worth nothing once its token is %s, and ends what it began', async (_what, method) => {
      const token = await readsMine()
      const ticket = await ticketOf(token)
      const stream = await open(ticket)
      const start = stream.blocks().find(({ event }) => event === 'start')?.id ?? ''
      await wire.result(method, { target_token: token.slice(0, 16) })
      await stream.ended
      expect(stream.blocks().at(-1)).toMatchObject({ event: 'end' })
      for (const last of ['', start]) {
        expect(await refusal(await open(ticket, last))).toMatchObject({
          status: 401,
          reason: 'permission_denied',
        })
      }
    })

    test('of a JWT is no wider and lives no longer than the JWT', async () => {
      const issuer = await wire.token([jsLimit('*', { read: '*' })])
      const issuing = { ttl_ms: 2000, token_limit: [jsLimit('mine', { read: '*' })] }
      const issued = await wire.result<{ jwt: string; expires_at: number }>('token_issue', issuing, issuer)
      const ticket = await ticketOf(issued.jwt)
      const stream = await open(ticket)
      await append('hidden', 'mine')
      await expect.poll(() => namesOf(stream), soon).toEqual(['mine'])
      await stream.ended
      expect(Date.now()).toBeGreaterThanOrEqual(issued.expires_at)
      expect(await refusal(await open(ticket))).toMatchObject({ reason: 'credential_expired' })
    })

    test('is not made for who may not read, nor for a script', async () => {
      expect(await wire.call('stream_ticket', asked, await wire.token())).toEqual(
        failure(102, 'permission_denied'),
      )
      const source = `export default { onCall: (_p, _e, ctx) =>
        ctx.call('stream_ticket', { resource: 'js-result' }).then(() => 'made', error => error.code) }`
      const js_script_base64 = Buffer.from(source).toString('base64')
      await wire.result('js-worker_create', { name: 'wants-a-ticket', js_script_base64 })
      const run = { js_script_name: 'wants-a-ticket', wait_ms: 10_000 }
      expect(await wire.result('js-worker_run', run)).toMatchObject({ result: 102 })
    })

    test('holds no credential, is good for nothing else, and is never logged', async () => {
      const token = await readsMine()
      const ticket = await ticketOf(token)
      expect(await wire.call('js-result_query', everything, ticket)).toEqual(
        failure(101, 'malformed_credential'),
      )
      const headers = { authorization: `Bearer ${token}` }
      const both = await send(served.app.url, { method: 'GET', path: `/stream?ticket=${ticket}`, headers })
      expect(JSON.parse(both.body)).toEqual(failure(108, 'credential_conflict', 'ticket'))
      const more = await send(served.app.url, { method: 'GET', path: `/stream?ticket=${ticket}&after=0` })
      expect(JSON.parse(more.body)).toEqual(failure(-32602, 'unknown_member', 'after'))
      for (const wrong of ['x', 'ticket.', `${ticket}x`, `${ticket.slice(0, -4)}AAAA`]) {
        expect(await refusal(await open(wrong))).toMatchObject({ status: 401 })
      }
      expect(served.app.log.join('')).not.toContain(ticket.slice(0, 40))
    })
  })
})
