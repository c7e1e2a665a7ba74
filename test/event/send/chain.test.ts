import { describe, expect, test } from 'vitest'
import { type ChainRow, orderChain } from '../../../src/event/send/chain.ts'
import { maxDepth } from '../../../src/event/send/event.ts'
import { fault } from '../../token/tokens.ts'
import { insertLocal, openPostgres, startTestEngine } from '../engine-setup.ts'
import { untilEnded } from '../event-rows.ts'

/** A row `id`, made in the order of the ids. */
function row(id: number, node: string, parent: string | null, rest: Partial<ChainRow> = {}): ChainRow {
  return {
    id,
    full_name: `handler_${id}`,
    status: 'success',
    node_id: node,
    parent_node_id: parent,
    created_time: id * 10,
    start_time: id * 10 + 1,
    finish_time: id * 10 + 5,
    error_message: null,
    ...rest,
  }
}

const all = { nodeId: undefined, depth: undefined }
const shape = (rows: readonly ChainRow[], cut: Parameters<typeof orderChain>[1] = all) =>
  orderChain(rows, cut).nodes.map(({ id, depth }) => [id, depth])

describe('the order of a chain', () => {
  const tree = [
    row(1, 'a', null),
    row(2, 'b', 'a'),
    row(3, 'c', 'a'),
    row(4, 'd', 'b'),
    row(5, 'e', 'c'),
    row(6, 'f', 'b'),
  ]

  test.each([
    ['in order', tree],
    ['backwards', tree.toReversed()],
    ['in any order', [3, 0, 5, 1, 4, 2].map(i => tree[i] as ChainRow)],
  ])('is each before what it set off, the older first; rows given %s', (_how, rows) => {
    expect(shape(rows)).toEqual([
      [1, 0],
      [2, 1],
      [4, 2],
      [6, 2],
      [3, 1],
      [5, 2],
    ])
  })

  test('is cut at a node and a depth', () => {
    expect(shape(tree, { nodeId: 'b', depth: undefined })).toEqual([
      [2, 0],
      [4, 1],
      [6, 1],
    ])
    expect(shape(tree, { nodeId: undefined, depth: 1 })).toEqual([
      [1, 0],
      [2, 1],
      [3, 1],
    ])
    expect(shape(tree, { nodeId: 'a', depth: 0 })).toEqual([[1, 0]])
    expect(shape(tree, { nodeId: 'unknown', depth: undefined })).toEqual([])
  })

  test('begins at each row whose parent is not among them', () => {
    expect(shape([row(2, 'b', 'gone'), row(1, 'a', null), row(3, 'c', 'b')])).toEqual([
      [1, 0],
      [2, 0],
      [3, 1],
    ])
  })

  test('shows each row of a circle once, from its oldest', () => {
    const circle = [row(3, 'c', 'b'), row(1, 'a', 'c'), row(2, 'b', 'a')]
    expect(shape(circle)).toEqual([
      [1, 0],
      [2, 1],
      [3, 2],
    ])
    expect(shape(circle, { nodeId: 'b', depth: undefined })).toEqual([
      [2, 0],
      [3, 1],
      [1, 2],
    ])
    expect(shape([row(1, 'a', 'a')])).toEqual([[1, 0]])
  })

  test('shows the children of a node that has several rows once', () => {
    expect(shape([row(1, 'a', null), row(2, 'a', null), row(3, 'b', 'a')])).toEqual([
      [1, 0],
      [3, 1],
      [2, 0],
    ])
  })

  test('of ten thousand rows below each other is no deeper than memory', () => {
    const rows = Array.from({ length: 10_000 }, (_, i) => row(i + 1, `n${i + 1}`, i === 0 ? null : `n${i}`))
    const { nodes } = orderChain(rows.toReversed(), all)
    expect(nodes).toHaveLength(10_000)
    expect(nodes.at(-1)).toMatchObject({ id: 10_000, depth: 9999 })
  })

  test('comes with how it went', () => {
    expect(orderChain(tree, all)).toMatchObject({
      status: 'success',
      duration_ms: 65 - 10,
      first_failure: null,
    })
    expect(orderChain([], all)).toMatchObject({ nodes: [], status: null, duration_ms: null })
    const open = [...tree, row(7, 'g', 'a', { status: 'running', finish_time: null })]
    expect(orderChain(open, all)).toMatchObject({ status: 'running', duration_ms: null })
    expect(orderChain(open, all).nodes.find(node => node.id === 7)).toMatchObject({ duration_ms: null })
    const failure = (id: number, finish: number) =>
      row(id, `x${id}`, 'a', { status: 'fail', finish_time: finish, error_message: `broken ${id}` })
    expect(orderChain([...open, failure(8, 400), failure(9, 300)], all)).toMatchObject({
      status: 'fail',
      first_failure: { id: 9, error_message: 'broken 9' },
    })
  })
})

describe('a chain of events', () => {
  test('goes on under one request id, and fails with a name where it would be too deep', async () => {
    const database = await openPostgres()
    await insertLocal(database, 'a')
    const engine = await startTestEngine(database, {
      local: { a: async (_kwargs, context) => void (await context.send({ sender: 's' })) },
    })
    const { request_id: requestId } = await engine.send({ sender: 's' })
    const rows = await untilEnded(database)
    expect(rows).toHaveLength(maxDepth + 1)
    expect(rows.slice(0, -1).map(each => each.status)).toEqual(Array(maxDepth).fill('success'))
    expect(rows.at(-1)).toMatchObject({ status: 'fail', attempt: 1 })
    expect(rows.at(-1)?.error_message).toMatch(/chain_too_deep/)
    const query = database.kysely
      .selectFrom('event_log')
      .select(['request_id', 'node_id', 'parent_node_id', 'depth', 'run_type'])
    const places = await query.orderBy('id').execute()
    for (const [i, place] of places.entries()) {
      expect(place).toMatchObject({
        request_id: requestId,
        depth: i,
        parent_node_id: places[i - 1]?.node_id ?? null,
        run_type: i === 0 ? 'send' : 'chain',
      })
    }
  })

  test('is not made deeper by a client that names the last node', async () => {
    const database = await openPostgres()
    await insertLocal(database, 'a')
    const engine = await startTestEngine(database, { local: { a: () => 1 } })
    let place: { request_id: string; parent_node_id?: string } = { request_id: 'r' }
    for (let depth = 0; depth <= maxDepth; depth++) {
      const { event_logs: logs } = await engine.send({ sender: 's', ...place })
      place = { request_id: 'r', parent_node_id: logs[0]?.node_id ?? '' }
    }
    const deeper = engine.send({ sender: 's', ...place })
    await expect(deeper).rejects.toMatchObject(fault(108, 'chain_too_deep', 'parent_node_id'))
  })
})
