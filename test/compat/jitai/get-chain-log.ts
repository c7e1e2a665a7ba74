import { beforeAll, describe, expect, test } from 'vitest'
import { secrets } from '../../wire/support/app.ts'
import { failure, type Wire } from '../../wire/support/wire.ts'
import { append, callAt, idsOf, type RowDatas, readLimit, service } from './service.ts'

const byRequest = `${service}.getEventLogByRequestId`
const byNode = `${service}.getEventLogByNodeId`

/** One chain of 10,001 records: `first` set off all others, `last` is the newest. */
export const longChain = `
  insert into event_log
    (full_name, event_type, sender, run_type, status, request_id, node_id, parent_node_id, attempt, created_time)
  select 'mine.long', 't', 's', 'send', 'waiting', 'req_long',
    case i when 0 then 'first' when 10000 then 'last' else 'node_' || i end,
    case when i > 0 then 'first' end, 1, to_timestamp(1700000000 + i)
  from generate_series(0, 10000) as i`

export function describeChainLog(wire: Wire): void {
  describe('the log of a chain', () => {
    const requestId = 'req_20240115_001'
    const created_time = Date.UTC(2024, 0, 15, 10, 30)
    const row = (full_name: string, node_id: string, parent_node_id: string | null, later = 0) => ({
      full_name,
      node_id,
      parent_node_id,
      request_id: requestId,
      created_time: created_time + later,
    })
    let ids: readonly number[]
    const inOrder = (...places: readonly number[]) => places.map(place => ids[place])

    beforeAll(async () => {
      ids = await append(wire, [
        row('mine.root', 'root', null),
        // Recorded before what set it off: clients may do so.
        row('mine.leaf', 'leaf', 'branch', -1),
        row('yours.branch', 'branch', 'root', 1),
        row('mine.other', 'other', 'root', 2),
        row('mine.again', 'branch', 'root', 3),
        row('mine.stray', 'stray', 'node_user_create_001', 4),
        row('mine.circle', 'a', 'b', 5),
        row('mine.circle', 'b', 'a', 6),
        { ...row('mine.foreign', 'leaf', 'branch'), request_id: 'req_other' },
      ])
    })

    async function ofNode(nodeId: string, token?: string): Promise<RowDatas> {
      return wire.result(byNode, { requestId, nodeId }, token)
    }

    describe('by request', () => {
      test('is all of it and nothing else, oldest first', async () => {
        const found = await wire.result<RowDatas>(byRequest, { requestId })
        expect(found.totalCount).toBe(8)
        expect(idsOf(found)).toEqual(inOrder(1, 0, 2, 3, 4, 5, 6, 7))
        expect(found.rowDatas[1]).toMatchObject({
          fullName: 'mine.root',
          nodeId: 'root',
          parentNodeId: null,
          createdTime: '2024-01-15 11:30:00',
        })
        expect(await callAt(wire, 'getEventLogByRequestId', [requestId], secrets.root)).toMatchObject({
          result: found,
        })
      })

      test('is empty for a request that there is not', async () => {
        for (const absent of ['req_absent', 'req_*', '']) {
          const found = await wire.result(byRequest, { requestId: absent })
          expect(found).toEqual({ totalCount: 0, rowDatas: [] })
        }
      })
    })

    describe('by node', () => {
      test.each([
        ['root', [1, 0, 2, 3, 4]],
        ['branch', [1, 2, 4]],
        ['leaf', [1]],
        ['other', [3]],
        ['a', [6, 7]],
        ['b', [6, 7]],
        ['absent', []],
        ['ro*', []],
      ])('is that of %s and of what is below it, oldest first', async (nodeId, places) => {
        const found = await ofNode(nodeId)
        expect(idsOf(found)).toEqual(inOrder(...places))
        expect(found.totalCount).toBe(places.length)
        const answer = await callAt(wire, 'getEventLogByNodeId', [requestId, nodeId], secrets.root)
        expect(answer).toMatchObject({ result: found })
      })

      test('is found below a node that has no record of its own', async () => {
        expect(idsOf(await ofNode('node_user_create_001'))).toEqual(inOrder(5))
      })

      test('is empty when the node is in another chain', async () => {
        const found = await wire.result(byNode, { requestId: 'req_other', nodeId: 'root' })
        expect(found).toEqual({ totalCount: 0, rowDatas: [] })
      })

      test('is all of a chain of a hundred levels', async () => {
        const chain = Array.from({ length: 100 }, (_, i) => ({
          ...row('mine.deep', `level_${i}`, i === 0 ? null : `level_${i - 1}`),
          request_id: 'req_deep',
        }))
        const made = await append(wire, chain)
        const found = await wire.result<RowDatas>(byNode, { requestId: 'req_deep', nodeId: 'level_40' })
        expect(idsOf(found)).toEqual(made.slice(40))
      })
    })

    test('holds only what the caller may read', async () => {
      const mine = await wire.token([readLimit('mine.*')])
      const all = await wire.result<RowDatas>(byRequest, { requestId }, mine)
      expect(all.totalCount).toBe(7)
      expect(idsOf(all)).toEqual(inOrder(1, 0, 3, 4, 5, 6, 7))
      expect(idsOf(await ofNode('branch', mine))).toEqual(inOrder(1, 4))
      const yours = await wire.token([readLimit('yours.branch')])
      expect(idsOf(await wire.result(byRequest, { requestId }, yours))).toEqual(inOrder(2))
      const others = await wire.token([readLimit('theirs.*')])
      expect(await wire.result(byRequest, { requestId }, others)).toEqual({ totalCount: 0, rowDatas: [] })
    })

    test('is denied to a token that may read nothing', async () => {
      const writer = { scopes: ['global'], permissions: [{ event_log: { write: '*' } }] }
      const denied = failure(102, 'permission_denied')
      for (const limits of [[], [writer]]) {
        const powerless = await wire.token(limits)
        expect(await callAt(wire, 'getEventLogByRequestId', [requestId], powerless)).toEqual(denied)
        expect(await callAt(wire, 'getEventLogByNodeId', [requestId, 'root'], powerless)).toEqual(denied)
      }
    })

    test.each([
      [byRequest, {}, 'requestId'],
      [byRequest, { requestId: null }, 'requestId'],
      [byRequest, { requestId: 1 }, 'requestId'],
      [byNode, { nodeId: 'root' }, 'requestId'],
      [byNode, { requestId: 'r' }, 'nodeId'],
      [byNode, { requestId: 'r', nodeId: ['root'] }, 'nodeId'],
    ])('%s refuses %j', async (method, params, path) => {
      expect(await wire.call(method, params)).toEqual(failure(-32602, 'invalid_params', path))
    })

    test('of more records than one answer holds is cut, but counted', async () => {
      const long = { requestId: 'req_long' }
      const found = await wire.result<RowDatas>(byRequest, long)
      expect([found.totalCount, found.rowDatas.length]).toEqual([10_001, 10_000])
      const below = await wire.result<RowDatas>(byNode, { ...long, nodeId: 'last' })
      expect(below.totalCount).toBe(1)
      const all = await wire.result<RowDatas>(byNode, { ...long, nodeId: 'first' })
      expect([all.totalCount, all.rowDatas.length]).toEqual([10_001, 10_000])
    })
  })
}
