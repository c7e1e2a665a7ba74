import { expect, test } from 'vitest'
import { renderChain } from '../../../src/cli/terminal/chain-tree.ts'
import { durationText } from '../../../src/cli/terminal/time-text.ts'
import type { Chain, ChainNode } from '../../../src/client/client.ts'

function node(full_name: string, depth: number, more: Partial<ChainNode> = {}): ChainNode {
  return {
    id: 1,
    full_name,
    event_type: 't',
    sender: 's',
    run_type: 'send',
    status: 'success',
    request_id: 'r',
    node_id: 'n',
    parent_node_id: null,
    attempt: 1,
    created_time: 0,
    start_time: 0,
    finish_time: 5,
    param: null,
    result: null,
    error_message: null,
    depth,
    duration_ms: 5,
    ...more,
  }
}

function chain(nodes: readonly ChainNode[], more: Partial<Chain> = {}): Chain {
  return {
    request_id: 'r',
    status: 'success',
    duration_ms: 5,
    first_failure: null,
    truncated: false,
    other_chains: 0,
    nodes,
    ...more,
  }
}

test('each node hangs below the one that set it off, and lines lead to its siblings only', () => {
  const nodes = [
    node('a', 0),
    node('a.1', 1),
    node('a.1.x', 2),
    node('a.2', 1),
    node('a.2.x', 2),
    node('a.2.y', 2),
    node('b', 0),
    node('b.1', 1),
  ]
  expect(renderChain(chain(nodes), 80)).toEqual([
    'r  success  5 ms',
    '├─ a  success  5 ms',
    '│  ├─ a.1  success  5 ms',
    '│  │  └─ a.1.x  success  5 ms',
    '│  └─ a.2  success  5 ms',
    '│     ├─ a.2.x  success  5 ms',
    '│     └─ a.2.y  success  5 ms',
    '└─ b  success  5 ms',
    '   └─ b.1  success  5 ms',
  ])
})

test('failures are marked, tries are counted, and the first failure stands at the end', () => {
  const failed = node('b', 1, { id: 7, node_id: 'nb', status: 'fail', attempt: 3, duration_ms: null })
  const first = { id: 7, full_name: 'b', node_id: 'nb', error_message: 'no\u001b[31m\n at x' }
  const told = chain([node('a', 0), failed], { status: 'fail', duration_ms: null, first_failure: first })
  expect(renderChain(told, 80)).toEqual([
    'r  fail  -',
    '└─ a  success  5 ms',
    '   └─ ✗ b  fail  -  attempt 3',
    '',
    'first failure: b (record 7, node nb)',
    '  no\\u001b[31m',
    '   at x',
  ])
})

test('names cannot drive the terminal, and no line of the tree is wider than it', () => {
  const lines = renderChain(
    chain([node('\u001b[2J'.repeat(30), 0)], { request_id: '\u202e', truncated: true }),
    40,
  )
  expect(lines.join('')).not.toMatch(/[\p{Cc}\u202e]/u)
  expect(Math.max(...lines.map(line => line.length))).toBe(40)
  expect(lines.at(-1)).toContain('more records')
})

test('a chain that is deeper than handlers go is drawn without endless indentation', () => {
  const nodes = Array.from({ length: 10_000 }, (_, depth) => node('x', depth))
  const lines = renderChain(chain(nodes), 200)
  expect(lines).toHaveLength(10_001)
  expect(lines.at(-1)).toContain('└─ (depth 9999) x')
})

test.each([
  [null, '-'],
  [0, '0 ms'],
  [999, '999 ms'],
  [1240, '1.24 s'],
  [59_999, '1 min 0 s'],
  [125_400, '2 min 5 s'],
])('%j ms are %s', (ms, text) => {
  expect(durationText(ms)).toBe(text)
})
