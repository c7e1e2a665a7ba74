import { beforeAll, describe, expect, test } from 'vitest'
import { secrets } from '../wire/support/app.ts'
import { describeApps, failure } from '../wire/support/wire.ts'

interface Answer {
  readonly request_id: string
  readonly event_logs: readonly { readonly id: number }[]
}

describeApps('event_send', wire => {
  let key = 0
  const newKey = () => `key-${++key}`
  /** Sends with parameters of which JSON.stringify would not write the numbers so. */
  const sendText = (params: string) =>
    wire.ask(
      `{"jsonrpc":"2.0","id":1,"method":"event_send","params":{"token":"${secrets.root}","sender":"app",${params}}}`,
    )
  const rows = (request_id: string) =>
    wire.result<Record<string, unknown>[]>('event-log_query', { query: { condition: [{ request_id }] } })

  beforeAll(async () => {
    // Nobody carries it out, so that all stays as it was sent.
    await wire.result('event-handler_create', {
      full_name: 'h',
      sender: 'app*',
      event_type: '*',
      target: { kind: 'remote' },
    })
  })

  describe('with an idempotency key', () => {
    test.each([
      ['{"a":1,"b":{"c":[1,2],"d":null}}', '{"b":{"d":null,"c":[1.0,2e0]},"a":1}'],
      ['[9007199254740993]', '[9007199254740993.0]'],
      ['null', undefined],
    ])('takes %s and %s for the same arguments', async (first, second) => {
      const idempotency_key = `"idempotency_key":"${newKey()}"`
      const sent = await sendText(`${idempotency_key},"kwargs":${first}`)
      expect(sent).toHaveProperty('result')
      const again = second === undefined ? idempotency_key : `"kwargs":${second},${idempotency_key}`
      expect(await sendText(`${again},"delay_ms":0,"event_type":"events.NormalType"`)).toEqual(sent)
    })

    test('refuses other arguments', async () => {
      const idempotency_key = `"idempotency_key":"${newKey()}"`
      await sendText(`${idempotency_key},"kwargs":[9007199254740992]`)
      expect(await sendText(`${idempotency_key},"kwargs":[9007199254740993]`)).toEqual(
        failure(109, 'idempotency_key_reused', 'idempotency_key'),
      )
    })
  })

  describe('of several events', () => {
    const events = [{ sender: 'app.a' }, { sender: 'app.b', kwargs: 1 }]

    test('carries the whole call out once for one key', async () => {
      const call = { events, idempotency_key: newKey() }
      const first = await wire.result<{ events: Answer[] }>('event_send', call)
      expect(first.events.map(each => each.event_logs.length)).toEqual([1, 1])
      expect(await wire.result('event_send', call)).toEqual(first)
      const other = { ...call, events: events.toReversed() }
      expect(await wire.call('event_send', other)).toEqual(
        failure(109, 'idempotency_key_reused', 'idempotency_key'),
      )
    })

    test('gives each what the call says for all, unless it says it itself', async () => {
      const request_id = `chain-${newKey()}`
      const own = { sender: 'app.c', event_type: 'own', delay_ms: 7_200_000 }
      const call = { events: [...events, own], request_id, event_type: 'shared', delay_ms: 3_600_000 }
      await wire.result('event_send', call)
      const found = await rows(request_id)
      expect(found.map(row => [row.sender, row.event_type])).toEqual(
        expect.arrayContaining([
          ['app.a', 'shared'],
          ['app.b', 'shared'],
          ['app.c', 'own'],
        ]),
      )
      expect(found).toHaveLength(3)
      const claimed = await wire.result<{ tasks: { request_id: string }[] }>('event-task_claim', {
        full_names: ['h'],
        max: 100,
      })
      expect(claimed.tasks.filter(task => task.request_id === request_id)).toEqual([])
    })

    test.each([
      ['a sender', { sender: 'app' }, 'sender'],
      ['arguments', { kwargs: null }, 'kwargs'],
      ['a place', { node_id: 'n' }, 'node_id'],
    ])('refuses %s beside them', async (_what, members, path) => {
      expect(await wire.call('event_send', { events, ...members })).toEqual(
        failure(-32602, 'invalid_params', path),
      )
    })

    test('refuses a key of one beside a key of the whole call', async () => {
      const keyed = [{ sender: 'app.a' }, { sender: 'app.b', idempotency_key: 'own' }]
      expect(await wire.call('event_send', { events: keyed, idempotency_key: newKey() })).toEqual(
        failure(-32602, 'invalid_params', 'events[1].idempotency_key'),
      )
    })
  })
})
