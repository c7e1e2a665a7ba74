import { randomUUID } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import { describeApps } from './support/wire.ts'

const limit = (scope: object, ...permissions: readonly object[]): object => ({ scopes: [scope], permissions })
const sending = limit({ sender: '*' }, { event: { send: '*' } })
const reading = limit({ event: '*' }, { event_log: { read: '*' } })
const writing = (pattern: string) => limit({ event: pattern }, { event_log: { write: '*' } })

interface Chain {
  readonly status: string | null
  readonly other_chains: number
  readonly nodes: readonly { readonly id: number; readonly node_id: string; readonly depth: number }[]
}

interface Sent {
  readonly request_id: string
  readonly event_logs: readonly { readonly id: number; readonly node_id: string }[]
}

describeApps('a chain belongs to the token that began it', wire => {
  const handler = `taker_${randomUUID()}`
  let owner: string
  let stranger: string

  beforeAll(async () => {
    owner = await wire.token([sending, reading])
    stranger = await wire.token([sending, reading, writing('mine_*')])
    const target = { kind: 'remote' }
    for (const sender of ['app', 'mine_app']) {
      const full_name = sender === 'app' ? handler : 'mine_handler'
      await wire.result('event-handler_create', { full_name, sender, target })
    }
  })

  const send = (token: string | undefined, more: object = {}) =>
    wire.result<Sent>('event_send', { sender: 'app', ...more }, token)
  const chainOf = (request_id: string, token?: string, more: object = {}) =>
    wire.result<Chain>('event-log_chain', { request_id, ...more }, token)
  const idsOf = ({ nodes }: Chain) => nodes.map(({ id }) => id)
  const idOf = ({ event_logs }: Sent) => event_logs[0]?.id ?? 0
  const nodeOf = ({ event_logs }: Sent) => event_logs[0]?.node_id ?? ''

  async function failAll(token: string, request_id: string): Promise<void> {
    const row = {
      full_name: 'mine_forged',
      sender: 'x',
      request_id,
      error_message: 'forged',
      created_time: 0,
    }
    await wire.result('event-log_append', { rows: [row, { ...row, node_id: 'a' }] }, token)
  }

  test('that of another token is as if it were not there to events and records under its request id', async () => {
    const begun = await send(owner, { request_id: `order-${randomUUID()}` })
    const { request_id } = begun
    const parent_node_id = nodeOf(begun)
    const answer = await send(stranger, { request_id, parent_node_id })
    const unknown = await send(stranger, { request_id: randomUUID(), parent_node_id })
    const shape = { matched: true, event_logs: [{ id: expect.any(Number), status: 'waiting' }] }
    expect(answer).toMatchObject({ ...shape, request_id })
    expect(unknown).toMatchObject(shape)
    await send(stranger, { request_id, node_id: parent_node_id })
    await failAll(stranger, request_id)

    for (const reader of [owner, undefined, await wire.token([reading])]) {
      const shown = await chainOf(request_id, reader)
      expect(shown).toMatchObject({ status: 'running', other_chains: 1 })
      expect(idsOf(shown)).toEqual([idOf(begun)])
    }
    const theirs = await chainOf(request_id, stranger)
    expect(theirs).toMatchObject({ status: 'fail', other_chains: 1 })
    expect(theirs.nodes).toHaveLength(4)
    expect(idsOf(theirs)).not.toContain(idOf(begun))
  })

  test('tells nobody else how deep it is', async () => {
    const request_id = randomUUID()
    let parent_node_id: string | undefined
    for (let depth = 0; depth <= 32; depth++) {
      const place = parent_node_id === undefined ? {} : { parent_node_id }
      parent_node_id = nodeOf(await send(owner, { request_id, ...place }))
    }
    const deeper = { sender: 'app', request_id, parent_node_id }
    expect(await wire.call('event_send', deeper, owner)).toMatchObject({
      error: { code: 108, data: { reason: 'chain_too_deep' } },
    })
    expect(await wire.call('event_send', deeper, stranger)).toHaveProperty('result')
  })

  test('is continued by its owner, by the super token, and by who may write all of its records', async () => {
    const begun = await send(owner)
    const { request_id } = begun
    const below = { request_id, parent_node_id: nodeOf(begun) }
    const writer = await wire.token([sending, reading, writing('taker_*')])
    const added = [await send(owner, below), await send(undefined, below), await send(writer, below)]
    const shown = await chainOf(request_id, writer)
    expect(idsOf(shown)).toEqual([begun, ...added].map(idOf))
    expect(shown.nodes.map(({ depth }) => depth)).toEqual([0, 1, 1, 1])
    expect(shown.other_chains).toBe(0)

    const row = { full_name: 'other', sender: 'x', request_id }
    await wire.result('event-log_append', { rows: [row] })
    // Not all of it any more.
    await send(writer, below)
    expect(await chainOf(request_id, owner)).toMatchObject({ other_chains: 1 })
    expect((await chainOf(request_id, owner)).nodes).toHaveLength(5)
  })

  test('is not that of a JWT with fewer rights, nor the other way round', async () => {
    const token_limit = [sending, reading]
    const { jwt } = await wire.result<{ jwt: string }>(
      'token_issue',
      { ttl_ms: 60_000, token_limit },
      stranger,
    )
    const begun = await send(stranger)
    await send(jwt, { request_id: begun.request_id, parent_node_id: nodeOf(begun) })
    expect(idsOf(await chainOf(begun.request_id, stranger))).toEqual([idOf(begun)])
    const theirs = await send(jwt, { request_id: randomUUID() })
    await send(jwt, { request_id: theirs.request_id })
    expect((await chainOf(theirs.request_id, jwt)).nodes).toHaveLength(2)
  })

  test('keeps its status when others begin one under the same request id before or behind it', async () => {
    const request_id = `guessed-${randomUUID()}`
    await failAll(stranger, request_id)
    const begun = await send(owner, { request_id })
    expect(await chainOf(request_id, owner)).toMatchObject({ status: 'running' })
    const reader = await wire.token([reading])
    expect(await chainOf(request_id, reader)).toMatchObject({ status: 'fail', other_chains: 1 })
    const byNode = await chainOf(request_id, reader, { node_id: nodeOf(begun) })
    expect(byNode).toMatchObject({ status: 'running', other_chains: 1 })
    expect(idsOf(byNode)).toEqual([idOf(begun)])
  })

  test('is not changed by a replay of somebody who may read but not write it', async () => {
    const begun = await send(owner)
    const { request_id } = begun
    const query = { condition: [{ request_id }] }
    expect(await wire.result('event-log_replay', { query }, stranger)).toMatchObject({ replayed: 1 })
    expect(idsOf(await chainOf(request_id, owner))).toEqual([idOf(begun)])
    const own = { query: { condition: [{ id: idOf(begun) }] } }
    expect(await wire.result('event-log_replay', own, owner)).toMatchObject({ replayed: 1 })
    expect(await wire.result('event-log_replay', own)).toMatchObject({ replayed: 1 })
    expect((await chainOf(request_id, owner)).nodes).toHaveLength(3)
  })

  test('is read through JitAi’s methods as its reader would read it', async () => {
    const begun = await send(owner)
    const { request_id: requestId } = begun
    const forged = await send(stranger, { request_id: requestId, parent_node_id: nodeOf(begun) })
    const read = (method: string, params: object, token: string) =>
      wire.result<{ rowDatas: { id: number }[] }>(
        `events.services.EventSvc.${method}`,
        { requestId, ...params },
        token,
      )
    const byOwner = await read('getEventLogByRequestId', {}, owner)
    expect(byOwner.rowDatas.map(({ id }) => id)).toEqual([idOf(begun)])
    const below = await read('getEventLogByNodeId', { nodeId: nodeOf(begun) }, stranger)
    expect(below.rowDatas.map(({ id }) => id)).toEqual([idOf(begun)])
    const own = await read('getEventLogByNodeId', { nodeId: nodeOf(forged) }, owner)
    expect(own.rowDatas.map(({ id }) => id)).toEqual([idOf(forged)])
  })

  describe('what a script sends', () => {
    const source = `export default {
      onEvent: ({ key, event }, env, ctx) => ctx.send({ sender: 'app', idempotency_key: key, ...event }),
      onCall: ({ key, event }, env, ctx) => ctx.send({ sender: 'app', idempotency_key: key, ...event }),
    }`
    const worker = `sends_${randomUUID()}`

    beforeAll(async () => {
      const js_script_base64 = Buffer.from(source).toString('base64')
      await wire.result('js-worker_create', { name: worker, js_script_base64 })
      const target = { kind: 'js_worker', name: worker }
      await wire.result('event-handler_create', { full_name: worker, sender: worker, target })
    })

    test('belongs to the chain of the event that it handles', async () => {
      const sent = await wire.result<Sent>(
        'event_send',
        { sender: worker, kwargs: { event: { request_id: 'x' } }, wait_ms: 20_000 },
        owner,
      )
      const shown = await chainOf(sent.request_id, owner)
      expect(shown).toMatchObject({ other_chains: 0 })
      expect(shown.nodes.map(({ depth }) => depth)).toEqual([0, 1])
      await send(owner, { request_id: sent.request_id })
      expect((await chainOf(sent.request_id, owner)).nodes).toHaveLength(3)
    })

    test('uses up none of the idempotency keys of its caller', async () => {
      const caller = await wire.token([
        sending,
        reading,
        limit({ js_worker: '*' }, { js_worker: 'run_defined_js_worker' }, { js_result: { read: '*' } }),
      ])
      const maker = await wire.token([limit({ js_worker: '*' }, { js_worker: 'create' }), sending])
      const name = `sends_${randomUUID()}`
      const js_script_base64 = Buffer.from(source).toString('base64')
      await wire.result('js-worker_create', { name, js_script_base64 }, maker)
      const key = randomUUID()
      const asked = { js_script_name: name, params: { key, event: { kwargs: 'forged' } }, wait_ms: 20_000 }
      expect(await wire.result('js-worker_run', asked, caller)).toMatchObject({ error_message: null })
      expect(await send(caller, { idempotency_key: key, kwargs: 'meant' })).toMatchObject({ matched: true })
    })
  })
})
