import { beforeAll, describe, expect, test } from 'vitest'
import { secrets } from '../../wire/support/app.ts'
import { failure, type Wire } from '../../wire/support/wire.ts'
import { callAt, type RowDatas, type Sent, service } from './service.ts'

const method = `${service}.sendEvent`

export function describeSendEvent(wire: Wire): void {
  describe('sendEvent', () => {
    beforeAll(async () => {
      const remote = { target: { kind: 'remote' } }
      const users = { ...remote, full_name: 'events.UserLoginEvent', sender: 'models.UserModel' }
      await wire.result('event-handler_create', { ...users, event_type: 'events.NormalType' })
      const all = { ...remote, full_name: 'events.Audit', sender: 'models.*', event_type: '*' }
      await wire.result('event-handler_create', all)
    })

    test('makes a waiting record of each handler that takes the event, and answers at once', async () => {
      const kwargs = { userId: 123, loginTime: '2024-01-15 10:30:00', deep: { __proto__: null, list: [1] } }
      const sent = await wire.result<Sent>(method, { sender: 'models.UserModel', kwargs })
      const log = (fullName: string) => ({
        id: expect.any(Number),
        fullName,
        nodeId: expect.stringMatching(/^[\da-f-]{36}$/),
        status: 'waiting',
      })
      expect(sent).toEqual({
        requestId: expect.stringMatching(/^[\da-f-]{36}$/),
        matched: true,
        eventLogs: expect.toSatisfy((logs: unknown[]) => logs.length === 2),
      })
      expect(sent.eventLogs).toEqual(
        expect.arrayContaining([log('events.UserLoginEvent'), log('events.Audit')]),
      )
      const { rowDatas } = await wire.result<RowDatas>(`${service}.getEventLogByRequestId`, {
        requestId: sent.requestId,
      })
      expect(rowDatas).toHaveLength(2)
      for (const row of rowDatas) {
        expect(row).toMatchObject({
          eventType: 'events.NormalType',
          sender: 'models.UserModel',
          runType: 'send',
          parentNodeId: null,
          param: kwargs,
        })
      }
    })

    test('takes its parameters by position in the order of JitAi’s documentation', async () => {
      const kwargs = { dataType: 'user' }
      const matching = async (params: readonly unknown[]) => {
        const answer = await callAt(wire, 'sendEvent', params, secrets.root)
        return (answer as { result: { eventLogs: readonly { fullName: string }[] } }).result.eventLogs
          .map(log => log.fullName)
          .toSorted()
      }
      const both = ['events.Audit', 'events.UserLoginEvent']
      expect(await matching(['models.UserModel', kwargs])).toEqual(both)
      expect(await matching(['models.UserModel', kwargs, null])).toEqual(both)
      expect(await matching(['models.UserModel', kwargs, 'events.ModelType'])).toEqual(['events.Audit'])
    })

    test('tells that no handler takes the event', async () => {
      expect(await wire.result(method, { sender: 'services.Nobody', kwargs: {} })).toEqual({
        requestId: expect.any(String),
        matched: false,
        eventLogs: [],
      })
    })

    test('passes every member of kwargs on', async () => {
      const kwargs = '{"__proto__":{"a":1},"constructor":2,"rawJSON":"3","big":12345678901234567890}'
      const text = `{"jsonrpc":"2.0","method":"${method}","params":{"sender":"models.Raw","kwargs":${kwargs}},"id":1}`
      const headers = { authorization: `Bearer ${secrets.root}` }
      const { result } = (await wire.ask(text, headers)) as { result: Sent }
      const answer = await fetch(wire.app.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({
          jsonrpc: '2.0',
          method: `${service}.getEventLogByRequestId`,
          params: [result.requestId],
          id: 1,
        }),
      })
      const found = await answer.text()
      for (const member of [
        '"__proto__":{"a":1}',
        '"constructor":2',
        '"rawJSON":"3"',
        '12345678901234567890',
      ]) {
        expect(found).toContain(member)
      }
    })

    test('is permitted by the sender', async () => {
      const limit = { scopes: [{ sender: 'models.*' }], permissions: [{ event: { send: '*' } }] }
      const token = await wire.token([limit])
      const answer = await callAt(wire, 'sendEvent', ['models.UserModel', {}], token)
      expect(answer).toMatchObject({ result: { matched: true } })
      const denied = failure(102, 'permission_denied')
      for (const sender of ['services.DataService', 'models', 'nobody']) {
        expect(await callAt(wire, 'sendEvent', [sender, {}], token)).toEqual(denied)
      }
      const reader = { scopes: ['global'], permissions: [{ event_log: { read: '*' } }] }
      for (const limits of [[], [reader]]) {
        const powerless = await wire.token(limits)
        expect(await callAt(wire, 'sendEvent', ['models.UserModel', {}], powerless)).toEqual(denied)
      }
    })

    test.each([
      [{ sender: undefined }, 'sender'],
      [{ sender: '' }, 'sender'],
      [{ sender: 'models.*' }, 'sender'],
      [{ sender: 1 }, 'sender'],
      [{ kwargs: undefined }, 'kwargs'],
      [{ kwargs: null }, 'kwargs'],
      [{ kwargs: [] }, 'kwargs'],
      [{ kwargs: 'a' }, 'kwargs'],
      [{ eventType: '' }, 'eventType'],
      [{ eventType: 1 }, 'eventType'],
    ])('refuses %j, and sends nothing', async (change, path) => {
      const count = () => wire.result('event-log_count', { query: { condition: [] } })
      const before = await count()
      const params = { sender: 'models.UserModel', kwargs: {}, ...change }
      expect(await wire.call(method, params)).toEqual(failure(-32602, 'invalid_params', path))
      expect(await count()).toEqual(before)
    })

    test('refuses a number that a double cannot hold for kwargs', async () => {
      const text = `{"jsonrpc":"2.0","method":"${method}","params":{"sender":"models.Raw","kwargs":1e400},"id":1}`
      expect(await wire.ask(text, { authorization: `Bearer ${secrets.root}` })).toEqual(
        failure(-32602, 'invalid_params', 'kwargs'),
      )
    })
  })
}
