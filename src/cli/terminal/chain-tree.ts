import type { Chain, ChainNode } from '../../client/client.ts'
import { type Paint, plainPaint } from './paint.ts'
import { durationText } from './time-text.ts'
import { fitText, visibleText } from './visible-text.ts'

/** Handlers go no deeper. A chain that clients wrote may, and would be mostly indentation. */
const deepestShown = 32

/** A chain as lines of a tree, none longer than `width` cells: statuses, durations, and the first failure at the end. */
export function renderChain(chain: Chain, width: number, paint: Paint = plainPaint): readonly string[] {
  const { nodes, status, duration_ms: duration, first_failure: first } = chain
  const branches = branchesOf(nodes.map(node => Math.min(node.depth, deepestShown)))
  const lines = [
    `${visibleText(chain.request_id)}  ${status ?? '-'}  ${durationText(duration)}`,
    ...nodes.map((node, i) => `${branches[i]}${nodeText(node)}`),
    ...(chain.truncated ? ['… and more records than can be shown'] : []),
  ].map(line => fitText(line, width))
  const painted = lines.map((line, i) => (nodes[i - 1]?.status === 'fail' ? paint('bad', line) : line))
  if (first === null) return painted
  const place = `${visibleText(first.full_name)} (record ${first.id}, node ${visibleText(first.node_id)})`
  const message = (first.error_message ?? '-').split('\n').map(line => `  ${visibleText(line)}`)
  return [...painted, '', `first failure: ${place}`, ...message]
}

/**
 * The branches before each node, from the depths of nodes in tree order. Read from the last node up, a node has a
 * sibling below it if its level was seen since the last node of a lesser depth.
 */
function branchesOf(depths: readonly number[]): readonly string[] {
  const branches: string[] = []
  const isOpen: boolean[] = []
  for (const depth of depths.toReversed()) {
    const corner = isOpen[depth] === true ? '├─ ' : '└─ '
    const bars = Array.from({ length: depth }, (_, level) => (isOpen[level] === true ? '│  ' : '   '))
    branches.push(bars.join('') + corner)
    isOpen.length = Math.min(isOpen.length, depth)
    isOpen[depth] = true
  }
  return branches.reverse()
}

function nodeText({ full_name: name, status, duration_ms: duration, attempt, depth }: ChainNode): string {
  const deep = depth > deepestShown ? `(depth ${depth}) ` : ''
  const mark = status === 'fail' ? '✗ ' : ''
  const tries = attempt > 1 ? `  attempt ${attempt}` : ''
  return `${deep}${mark}${visibleText(name)}  ${visibleText(status)}  ${durationText(duration)}${tries}`
}
