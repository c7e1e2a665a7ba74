import { randomUUID } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import { type EventAction, eventActions } from './event-actions.ts'
import { describeScriptPermissions } from './script-permissions.ts'
import { describeApps, failure, rpc, type Wire } from './support/wire.ts'

const denied = failure(102, 'permission_denied')

/** Two handlers that take the same events, and one that takes none. */
const [mine, theirs, idle] = ['mine_one', 'their_one', 'mine_idle'] as const

interface Sent {
  readonly request_id: string
  readonly event_logs: readonly { readonly id: number; readonly full_name: string }[]
}

interface Row {
  readonly id: number
  readonly full_name: string
  readonly status: string
  readonly sender: string
  readonly run_type: string
}

/** Sends an event that both handlers take. */
function sendToBoth(wire: Wire, sender = 'app_1'): Promise<Sent> {
  return wire.result<Sent>('event_send', { sender, kwargs: { a: 1 } })
}

async function rowsOf(wire: Wire, { request_id }: Sent): Promise<readonly Row[]> {
  const rows = await wire.result<Row[]>('event-log_query', { query: { condition: [{ request_id }] } })
  return rows.toSorted((a, b) => a.id - b.id)
}

async function statusesOf(wire: Wire, sent: Sent): Promise<object> {
  return Object.fromEntries((await rowsOf(wire, sent)).map(({ full_name, status }) => [full_name, status]))
}

const limit = (scope: object, ...permissions: readonly object[]): object => ({ scopes: [scope], permissions })

function isDenied(answer: unknown): boolean {
  return (answer as { error?: { code: number } }).error?.code === 102
}

describeApps('permissions of events', wire => {
  beforeAll(async () => {
    for (const [full_name, sender] of [
      [mine, 'app_*'],
      [theirs, 'app_*'],
      [idle, 'nobody'],
    ]) {
      await wire.result('event-handler_create', { full_name, sender, target: { kind: 'remote' } })
    }
    for (const name of ['mine_worker', 'their_worker']) {
      const js_script_base64 = Buffer.from('export default { onCall() {} }').toString('base64')
      await wire.result('js-worker_create', { name, js_script_base64 })
    }
  })

  test.each(eventActions)(
    '$method is let through by one limit with the scope and the permission, and by nothing less',
    async ({ method, params, scope, permission, neighbour, isNamed, also = [] }: EventAction) => {
      const name = `free_${randomUUID()}`
      const own = { [scope]: 'free_*' }
      const otherKind = { [scope === 'event' ? 'sender' : 'event']: '*' }
      // Where no name is asked for, workers of other names would be listed with it.
      const elsewhere = isNamed ? [limit({ [scope]: 'other_*' }, permission('free_*'))] : []
      const ask = async (limits: readonly object[]) =>
        wire.call(method, params(name), await wire.token([...limits, ...also]))
      for (const scope of [own, { global: null }]) {
        expect(isDenied(await ask([limit(scope, permission('free_*'))])), JSON.stringify(scope)).toBe(false)
      }
      for (const limits of [
        // Neither half is worth anything without the other in the same limit.
        [limit(own), limit(otherKind, permission('free_*')), ...elsewhere],
        [limit(own, neighbour('free_*'))],
      ]) {
        expect(await ask(limits), JSON.stringify(limits)).toEqual(denied)
      }
    },
  )

  test.each(eventActions.filter(action => action.isNamed))(
    '$method of a name that the token may not use is 102, and tells not whether there is such an object',
    async ({ method, params, scope, permission }: EventAction) => {
      const token = await wire.token([limit({ [scope]: 'mine_*' }, permission('mine_*'))])
      const there = scope === 'js_worker' ? 'their_worker' : scope === 'event' ? theirs : 'app_1'
      const asked = [there, 'their_none'].map(name => rpc(method, { token, ...params(name) }))
      const [present, absent] = (await wire.ask(asked)) as unknown[]
      expect(present).toEqual(denied)
      expect(present).toEqual(absent)
    },
  )

  test('an event is sent in the name of a permitted sender only', async () => {
    const token = await wire.token([
      limit({ sender: 'app_a*' }, { event: { send: 'app_*' } }),
      limit({ sender: '*' }, { event: { send: 'exactly' } }),
    ])
    const expected = {
      app_a: true,
      app_ab: true,
      exactly: true,
      app_b: false,
      app_: false,
      App_a: false,
      exactly2: false,
    }
    const senders = Object.keys(expected)
    const answers = await wire.ask(senders.map(sender => rpc('event_send', { token, sender })))
    const sent = (answers as unknown[]).map((answer, i) => [senders[i], !isDenied(answer)])
    expect(Object.fromEntries(sent)).toEqual(expected)
  })

  test('of several events none is sent when one of them is not permitted', async () => {
    const token = await wire.token([limit({ sender: 'app_a' }, { event: { send: '*' } })])
    const request_id = randomUUID()
    for (const forbidden of [0, 1, 2]) {
      const events = [0, 1, 2].map(i => ({
        sender: i === forbidden ? 'app_b' : 'app_a',
        request_id,
        idempotency_key: `${request_id}${i}`,
      }))
      expect(await wire.call('event_send', { events }, token)).toEqual(denied)
    }
    expect(await rowsOf(wire, { request_id, event_logs: [] })).toEqual([])
  })

  test('a list shows what is permitted, and nothing else', async () => {
    const token = await wire.token([
      limit({ event: 'mine_*' }, { event_handler: { read: '*' } }),
      limit({ js_worker: 'mine_*' }, { js_worker: 'list_all_js_worker' }),
    ])
    const { handlers } = await wire.result<{ handlers: Row[] }>('event-handler_list', {}, token)
    expect(handlers.map(({ full_name }) => full_name)).toEqual([idle, mine])
    const { workers } = await wire.result<{ workers: { name: string }[] }>('js-worker_list', {}, token)
    expect(workers.map(({ name }) => name)).toEqual(['mine_worker'])

    const wait = { wait_ms: 10_000 }
    await wire.result('js-worker_run', { js_script_name: 'mine_worker', ...wait })
    await wire.result('js-worker_run', { js_script_name: 'their_worker', ...wait })
    const pool = (mayList?: string) =>
      wire.result<{ workers: { script_name: string }[] }>('js-worker_get_rt_pool', {}, mayList)
    const warm = ({ workers }: Awaited<ReturnType<typeof pool>>) => new Set(workers.map(w => w.script_name))
    expect(warm(await pool())).toContain('their_worker')
    expect(warm(await pool(token))).toEqual(new Set(['mine_worker']))
  })

  describe('a remote worker', () => {
    const claimer = () => wire.token([limit({ event: 'mine_*' }, { event_handler: { claim: '*' } })])

    test('claims of permitted handlers only, and nothing where one of them is not', async () => {
      const sent = await sendToBoth(wire)
      const token = await claimer()
      const both = { full_names: [mine, theirs], max: 100 }
      expect(await wire.call('event-task_claim', both, token)).toEqual(denied)
      expect(await statusesOf(wire, sent)).toEqual({ [mine]: 'waiting', [theirs]: 'waiting' })
      const own = { full_names: [mine, idle], max: 100 }
      const { tasks } = await wire.result<{ tasks: Row[] }>('event-task_claim', own, token)
      expect(new Set(tasks.map(({ full_name }) => full_name))).toEqual(new Set([mine]))
      expect(await statusesOf(wire, sent)).toEqual({ [mine]: 'running', [theirs]: 'waiting' })
    })

    test('can neither keep nor end a task of another handler: to it there is none', async () => {
      const sent = await sendToBoth(wire)
      await wire.result('event-task_claim', { full_names: [theirs], max: 100 })
      const token = await claimer()
      const id = sent.event_logs.find(({ full_name }) => full_name === theirs)?.id
      const before = await rowsOf(wire, sent)
      for (const [method, more] of [
        ['event-task_heartbeat', {}],
        ['event-task_complete', { result: 'stolen' }],
        ['event-task_fail', { error_message: 'stolen', retry: false }],
      ] as const) {
        const answer = await wire.call(method, { id, attempt: 1, ...more }, token)
        expect(answer).toEqual(failure(109, 'lease_lost'))
        expect(answer).toEqual(await wire.call(method, { id: 10 ** 9, attempt: 1, ...more }, token))
      }
      expect(await rowsOf(wire, sent)).toEqual(before)
    })
  })

  describe('the answer to a sender', () => {
    const event = { sender: 'app_1', kwargs: { a: 1 } }
    const sends = limit({ sender: '*' }, { event: { send: 'app_*' } })

    async function logsFor(limits: readonly object[], more: object): Promise<readonly Row[]> {
      const token = await wire.token(limits)
      const answer = await wire.result<{ event_logs: Row[] }>('event_send', { ...event, ...more }, token)
      return answer.event_logs
    }

    test.each([
      ['at once', {}, { full_name: null, node_id: null }],
      [
        'after a wait',
        { wait_ms: 0 },
        { full_name: null, node_id: null, attempt: null, result: null, error_message: null },
      ],
    ])(
      '%s is id and status of what may not be read, of a replayed key as well',
      async (_when, more, nulls) => {
        const hidden = { id: expect.any(Number), status: 'waiting', ...nulls }
        const keyed = { ...more, idempotency_key: randomUUID() }
        expect(await logsFor([sends], more)).toEqual([hidden, hidden])
        const readsMine = [sends, limit({ event: 'mine_*' }, { event_log: { read: '*' } })]
        const [one, two] = (await logsFor(readsMine, keyed)).toSorted((a, b) => a.id - b.id)
        expect([one?.full_name, two?.full_name].toSorted()).toEqual([mine, null].toSorted())
        const names = (await logsFor([limit({ global: null }, { event: { send: '*' } })], keyed)).map(
          log => log.full_name,
        )
        expect(names).toEqual([null, null])
      },
    )

    test('through JitAi is the same', async () => {
      const token = await wire.token([sends])
      const params = { sender: 'app_1', kwargs: {} }
      const answer = await wire.result('events.services.EventSvc.sendEvent', params, token)
      const hidden = { id: expect.any(Number), fullName: null, nodeId: null, status: 'waiting' }
      expect(answer).toMatchObject({ matched: true, eventLogs: [hidden, hidden] })
    })
  })

  test('a cancel touches and counts only what may be written', async () => {
    const sent = await sendToBoth(wire)
    const { request_id } = sent
    const token = await wire.token([limit({ event: 'mine_*' }, { event_log: { write: '*' } })])
    const query = { condition: [{ request_id }] }
    const cancel = (more: object) => wire.result('event-log_cancel', { query, ...more }, token)
    expect(await cancel({ dry_run: true })).toMatchObject({ would_affect: 1, cancelled: 0 })
    const foreign = sent.event_logs.find(({ full_name }) => full_name === theirs)?.id
    const byId = { query: { condition: [{ id: foreign }] } }
    expect(await cancel(byId)).toMatchObject({ cancelled: 0, stopping: 0 })
    expect(await statusesOf(wire, sent)).toEqual({ [mine]: 'waiting', [theirs]: 'waiting' })
    expect(await cancel({ max_affected: 1 })).toMatchObject({ cancelled: 1, stopping: 0 })
    expect(await statusesOf(wire, sent)).toEqual({ [mine]: 'fail', [theirs]: 'waiting' })
  })

  test('a replay runs only what may be read, again in the name of its sender', async () => {
    const sent = await sendToBoth(wire)
    const { request_id } = sent
    const send = limit({ sender: '*' }, { event: { send: 'app_*' } })
    const token = await wire.token([limit({ event: 'mine_*' }, { event_log: { read: '*' } }), send])
    const query = { condition: [{ request_id }] }
    const replay = (more: object) => wire.result('event-log_replay', { query, ...more }, token)
    expect(await replay({ dry_run: true })).toMatchObject({ would_affect: 1, replayed: 0 })
    expect(await replay({ max_affected: 1 })).toMatchObject({ replayed: 1, skipped: 0 })
    const rows = await rowsOf(wire, sent)
    expect(rows.map(row => [row.full_name, row.run_type, row.sender])).toEqual([
      [mine, 'send', 'app_1'],
      [theirs, 'send', 'app_1'],
      [mine, 'replay', 'app_1'],
    ])
  })

  test('a replay needs event.send over the sender of every record, or nothing is run', async () => {
    const request_id = randomUUID()
    const senders = ['app_1', 'app_2', 'app_3']
    await wire.result('event_send', { events: senders.map(sender => ({ sender, request_id })) })
    const read = limit({ event: '*' }, { event_log: { read: '*' } })
    const query = { condition: [{ request_id }] }
    for (const sends of [[], [limit({ sender: 'app_1' }, { event: { send: '*' } })]]) {
      const token = await wire.token([read, ...sends])
      expect(await wire.call('event-log_replay', { query }, token)).toEqual(denied)
      expect(await wire.call('event-log_replay', { query, dry_run: true }, token)).toEqual(denied)
    }
    expect(await rowsOf(wire, { request_id, event_logs: [] })).toHaveLength(2 * senders.length)
  })

  test('a chain shows nothing of what may not be read, not even that it failed', async () => {
    const request_id = randomUUID()
    const row = { request_id, sender: 'app_1', created_time: 1000, start_time: 1000 }
    const failed = { finish_time: 9000, error_message: 'their fault' }
    await wire.result('event-log_append', {
      rows: [
        { ...row, full_name: mine, node_id: 'a', finish_time: 2000, status: 'success' },
        { ...row, full_name: theirs, node_id: 'b', parent_node_id: 'a', ...failed },
        { ...row, full_name: mine, node_id: 'c', parent_node_id: 'b', finish_time: 3000, status: 'success' },
      ],
    })
    const token = await wire.token([limit({ event: 'mine_*' }, { event_log: { read: '*' } })])
    const chain = (more: object, who?: string) =>
      wire.result<{ nodes: { node_id: string }[] }>('event-log_chain', { request_id, ...more }, who)
    const shown = await chain({}, token)
    expect(shown).toMatchObject({ status: 'success', duration_ms: 2000, first_failure: null })
    expect(shown.nodes.map(({ node_id }) => node_id)).toEqual(['a', 'c'])
    expect(await chain({})).toMatchObject({
      status: 'fail',
      duration_ms: 8000,
      first_failure: { node_id: 'b' },
    })
    // Below what may not be read nothing is found, as below what is not there.
    expect(await chain({ node_id: 'b' }, token)).toEqual(await chain({ node_id: 'none' }, token))
  })

  describe('scripts', () => describeScriptPermissions(wire))
})
