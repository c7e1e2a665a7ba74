import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  barOf,
  type ChainRow,
  mergeRows,
  orderChain,
  summarizeChain,
  visibleNodes,
  wayTo,
} from '../../../src/console/model/chain-tree.ts'
import { orderChain as serverOrder } from '../../../src/event/send/chain.ts'

/** Chains with lost parents, circles, nodes of several rows and times that tie. */
const someChain = fc
  .array(
    fc.record({
      node: fc.nat({ max: 12 }),
      parent: fc.option(fc.nat({ max: 14 })),
      made: fc.nat({ max: 5 }),
      began: fc.option(fc.nat({ max: 5 })),
      took: fc.option(fc.nat({ max: 9 })),
      status: fc.constantFrom('waiting', 'running', 'success', 'fail'),
    }),
    { maxLength: 20 },
  )
  .map(rows =>
    rows.map(
      ({ node, parent, made, began, took, status }, id): ChainRow => ({
        id,
        full_name: `h${node}`,
        status,
        node_id: `n${node}`,
        parent_node_id: parent === null ? null : `n${parent}`,
        created_time: made,
        start_time: began === null ? null : made + began,
        finish_time: began === null || took === null ? null : made + began + took,
        error_message: null,
      }),
    ),
  )

function chainOf(count: number, parentOf: (at: number) => number | null): ChainRow[] {
  return Array.from({ length: count }, (_, id) => {
    const parent = parentOf(id)
    return {
      id,
      full_name: 'h',
      status: 'success',
      node_id: String(id),
      parent_node_id: parent === null ? null : String(parent),
      created_time: id,
      start_time: id + 1,
      finish_time: id + 2,
      error_message: null,
    }
  })
}

describe('the tree of a chain', () => {
  it('has the order, the depths and the summary that the server gives', () => {
    fc.assert(
      fc.property(someChain, rows => {
        const server = serverOrder(rows, { nodeId: undefined, depth: undefined })
        const nodes = orderChain(rows)
        expect(nodes.map(({ row, depth }) => [row.id, depth])).toEqual(
          server.nodes.map(({ id, depth }) => [id, depth]),
        )
        const { status, firstFailure, began, ended } = summarizeChain(nodes)
        expect(status).toBe(server.status)
        expect(firstFailure?.id).toBe(server.first_failure?.id)
        expect(ended === undefined ? null : ended - began).toBe(server.duration_ms)
      }),
      { numRuns: 500 },
    )
  })

  it('hides exactly what hangs below a closed node', () => {
    fc.assert(
      fc.property(someChain, fc.array(fc.nat({ max: 19 })), (rows, ids) => {
        const nodes = orderChain(rows)
        const closed = new Set(ids)
        const visible = new Set(visibleNodes(nodes, closed).map(({ row }) => row.id))
        for (const { row } of nodes) {
          const isHidden = wayTo(nodes, row.id).some(({ id }) => closed.has(id))
          expect(visible.has(row.id)).toBe(!isHidden)
        }
      }),
      { numRuns: 300 },
    )
  })

  it('stands ten thousand levels, and ten thousand children', () => {
    const deep = orderChain(chainOf(10_000, at => (at === 0 ? null : at - 1)))
    expect([deep.at(-1)?.depth, deep[0]?.below]).toEqual([9999, 9999])
    expect(wayTo(deep, 9999)).toHaveLength(9999)
    const wide = orderChain(chainOf(10_000, at => (at === 0 ? null : 0)))
    expect([wide.at(-1)?.depth, wide[0]?.below]).toEqual([1, 9999])
    expect(visibleNodes(wide, new Set([0]))).toHaveLength(1)
  })

  it('takes the newest word on each row', () => {
    const rows = chainOf(2, () => null)
    const changed = rows.map(row => ({ ...row, status: 'fail' }))
    const merged = mergeRows(mergeRows(new Map(), rows), changed.slice(1))
    expect([...merged.values()].map(({ status }) => status)).toEqual(['success', 'fail'])
  })
})

describe('a bar of the waterfall', () => {
  const [row] = chainOf(1, () => null)
  if (row === undefined) throw new Error('no row')

  it('waits, runs and ends as its row did', () => {
    const ran = { ...row, created_time: 100, start_time: 125, finish_time: 150 }
    expect(barOf(ran, 100, 200)).toEqual({ waits: 0, runs: 0.25, ends: 0.5 })
  })

  it('goes on to the end where its row has not ended', () => {
    expect(barOf({ ...row, created_time: 150, start_time: null, finish_time: null }, 100, 200)).toEqual({
      waits: 0.5,
      runs: 1,
      ends: 1,
    })
    expect(barOf({ ...row, created_time: 150, start_time: 175, finish_time: null }, 100, 200)).toEqual({
      waits: 0.5,
      runs: 0.75,
      ends: 1,
    })
  })

  it('has a place even where no time has passed', () => {
    expect(barOf({ ...row, created_time: 100, start_time: 100, finish_time: 100 }, 100, 100)).toEqual({
      waits: 0,
      runs: 0,
      ends: 0,
    })
  })
})
