import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  barOf,
  type ChainRow,
  nodesOf,
  summarizeChain,
  visibleNodes,
  wayTo,
} from '../../../src/console/model/chain-tree.ts'
import { orderChain } from '../../../src/event/send/chain.ts'

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
    rows.map(({ node, parent, made, began, took, status }, id) => ({
      id,
      full_name: `h${node}`,
      status,
      node_id: `n${node}`,
      parent_node_id: parent === null ? null : `n${parent}`,
      created_time: made,
      start_time: began === null ? null : made + began,
      finish_time: began === null || took === null ? null : made + began + took,
      error_message: null,
    })),
  )

/** As the server answers. */
function chainOf(rows: Parameters<typeof orderChain>[0]) {
  return orderChain(rows, { nodeId: undefined, depth: undefined })
}

function levelsOf(depths: readonly number[]): readonly ChainRow[] {
  return depths.map((depth, id) => ({
    id,
    full_name: 'h',
    status: 'success',
    node_id: String(id),
    parent_node_id: null,
    created_time: id,
    start_time: id + 1,
    finish_time: id + 2,
    error_message: null,
    depth,
  }))
}

describe('the tree of a chain', () => {
  it('has the summary that the server gives', () => {
    fc.assert(
      fc.property(someChain, rows => {
        const server = chainOf(rows)
        const { status, firstFailure, began, ended } = summarizeChain(nodesOf(server.nodes))
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
        const nodes = nodesOf(chainOf(rows).nodes)
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

  it('knows the way to a node', () => {
    const nodes = nodesOf(levelsOf([0, 1, 2, 1, 2, 3, 0]))
    expect(nodes.map(({ below }) => below)).toEqual([5, 1, 0, 2, 1, 0, 0])
    expect(wayTo(nodes, 5).map(({ id }) => id)).toEqual([0, 3, 4])
    expect(wayTo(nodes, 6)).toEqual([])
  })

  it('stands ten thousand levels, and ten thousand children', () => {
    const deep = nodesOf(levelsOf(Array.from({ length: 10_000 }, (_, i) => i)))
    expect(deep[0]?.below).toBe(9999)
    expect(wayTo(deep, 9999)).toHaveLength(9999)
    const wide = nodesOf(levelsOf([0, ...new Array(9999).fill(1)]))
    expect(visibleNodes(wide, new Set([0]))).toHaveLength(1)
  })
})

describe('a bar of the waterfall', () => {
  const [row] = levelsOf([0])
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
