import { Component } from 'preact'
import { useEffect, useId, useMemo, useState } from 'preact/hooks'
import { formatDuration } from '../format.ts'
import { text } from '../language.ts'
import { barOf, type ChainNode, type ChainSummary, visibleNodes } from '../model/chain-tree.ts'
import { StateBadge, stateOf } from '../part/state-badge.tsx'
import { useRowWindow } from '../part/use-row-window.ts'
import type { ShownRow } from './use-chain.ts'

export interface ChainTreeProps {
  readonly nodes: readonly ChainNode<ShownRow>[]
  readonly summary: ChainSummary<ShownRow>
  /** Where the waterfall ends: for what has not ended, the time at which it was read. */
  readonly until: number
  /** The record that is open beside the tree. */
  readonly openId: number | undefined
  /** The record that is to be seen; another object asks again. */
  readonly wanted: { readonly id: number } | undefined
  /** The records whose nodes hide what they set off. */
  readonly closed: ReadonlySet<number>
  readonly onClosed: (closed: ReadonlySet<number>) => void
  readonly onOpen: (row: ShownRow) => void
}

const rowRem = 1.75
const headRem = 1.75

/**
 * A chain as a tree, with a bar of time to each node. Arrow keys move, open and close; Enter opens the record. Only what is seen is
 * in the page.
 */
export function ChainTree(props: ChainTreeProps) {
  const { nodes, summary, until, openId, wanted, closed, onClosed, onOpen } = props
  const { chain } = text()
  const id = useId()
  const visible = useMemo(() => visibleNodes(nodes, closed), [nodes, closed])
  const box = useRowWindow({ count: visible.length, rowRem, headRem })
  const [activeId, setActiveId] = useState<number | undefined>(undefined)
  const active = Math.max(
    0,
    visible.findIndex(({ row }) => row.id === activeId),
  )
  const { first, end, top } = box.window

  function goTo(at: number): void {
    const row = visible[Math.max(0, Math.min(visible.length - 1, at))]?.row
    if (row === undefined) return
    setActiveId(row.id)
    box.show(Math.max(0, Math.min(visible.length - 1, at)))
  }
  useEffect(() => {
    const at = visible.findIndex(({ row }) => row.id === wanted?.id)
    if (at < 0) return
    goTo(at)
    box.ref.current?.focus()
  }, [wanted])

  function onKeyDown(event: KeyboardEvent): void {
    if (event.altKey || event.ctrlKey || event.metaKey) return
    const node = visible[active]
    const moves: Readonly<Record<string, number>> = {
      ArrowDown: active + 1,
      ArrowUp: active - 1,
      PageDown: active + box.fits,
      PageUp: active - box.fits,
      Home: 0,
      End: visible.length - 1,
    }
    const to = moves[event.key]
    if (to !== undefined) goTo(to)
    else if (node === undefined) return
    else if (event.key === 'Enter') onOpen(node.row)
    else if (event.key === 'ArrowRight') {
      if (closed.has(node.row.id)) onClosed(without(closed, node.row.id))
      else if (node.below > 0) goTo(active + 1)
    } else if (event.key === 'ArrowLeft') {
      if (node.below > 0 && !closed.has(node.row.id)) onClosed(new Set(closed).add(node.row.id))
      else goTo(visible.findLastIndex((each, at) => at < active && each.row.depth < node.row.depth))
    } else return
    event.preventDefault()
  }

  const toggle = ({ id }: ShownRow): void =>
    onClosed(closed.has(id) ? without(closed, id) : new Set(closed).add(id))
  const open = (row: ShownRow): void => {
    setActiveId(row.id)
    onOpen(row)
  }

  return (
    <div
      class="chain-tree"
      role="treegrid"
      tabIndex={0}
      ref={box.ref}
      aria-label={chain.tree}
      aria-rowcount={visible.length + 1}
      aria-activedescendant={active >= first && active < end ? `${id}-${active}` : undefined}
      style={{ '--chain-row': `${rowRem}rem` }}
      onScroll={box.onScroll}
      onKeyDown={onKeyDown}
    >
      <ChainHead began={summary.began} until={until} />
      <div role="rowgroup" class="chain-space" style={{ height: `${box.height}px` }}>
        <div role="none" style={{ transform: `translateY(${top}px)` }}>
          {visible.slice(first, end).map((node, i) => (
            <Node
              key={node.row.id}
              id={`${id}-${first + i}`}
              index={first + i}
              node={node}
              isClosed={closed.has(node.row.id)}
              isActive={first + i === active}
              isOpen={node.row.id === openId}
              isFirstFailure={node.row.id === summary.firstFailure?.id}
              began={summary.began}
              until={until}
              onToggle={toggle}
              onOpen={open}
            />
          ))}
        </div>
      </div>
    </div>
  )
}

function without(set: ReadonlySet<number>, id: number): ReadonlySet<number> {
  const next = new Set(set)
  next.delete(id)
  return next
}

/** What part of the whole time each quarter begins at. */
const quarters = [0, 0.25, 0.5, 0.75]

function ChainHead({ began, until }: { readonly began: number; readonly until: number }) {
  const { chain } = text()
  return (
    <div role="rowgroup" class="chain-head">
      <div role="row" class="chain-row" aria-rowindex={1}>
        <div role="columnheader">{chain.handler}</div>
        <div role="columnheader">{chain.state}</div>
        <div role="columnheader" class="number">
          {chain.took}
        </div>
        <div role="columnheader" class="chain-scale" aria-label={chain.waterfall}>
          {quarters.map(part => (
            <span key={part} class="number">
              {formatDuration((until - began) * part)}
            </span>
          ))}
        </div>
      </div>
    </div>
  )
}

interface NodeProps {
  readonly id: string
  readonly index: number
  readonly node: ChainNode<ShownRow>
  readonly isClosed: boolean
  readonly isActive: boolean
  readonly isOpen: boolean
  readonly isFirstFailure: boolean
  readonly began: number
  readonly until: number
  readonly onToggle: (row: ShownRow) => void
  readonly onOpen: (row: ShownRow) => void
}

/** Deeper ones are indented no further: what is ten thousand deep would be out of sight. */
const deepestIndent = 24

/** Drawn anew only when something of it is new: scrolling draws the nodes that come. */
class Node extends Component<NodeProps> {
  override shouldComponentUpdate(next: NodeProps): boolean {
    const { node, index, isClosed, isActive, isOpen, isFirstFailure, began, until } = this.props
    return (
      next.node !== node ||
      next.index !== index ||
      next.isClosed !== isClosed ||
      next.isActive !== isActive ||
      next.isOpen !== isOpen ||
      next.isFirstFailure !== isFirstFailure ||
      next.began !== began ||
      next.until !== until
    )
  }

  override render() {
    const { id, index, node, isClosed, isActive, isOpen, isFirstFailure, began, until } = this.props
    const { row, below } = node
    const { chain } = text()
    return (
      // biome-ignore lint/a11y/useKeyWithClickEvents: the tree takes the keys
      <div
        id={id}
        role="row"
        class="chain-row"
        aria-rowindex={index + 2}
        aria-level={row.depth + 1}
        aria-expanded={below > 0 ? !isClosed : undefined}
        aria-selected={isOpen}
        data-active={isActive}
        style={{ '--depth': String(Math.min(row.depth, deepestIndent)) }}
        onClick={() => {
          if (getSelection()?.isCollapsed !== false) this.props.onOpen(row)
        }}
      >
        <div role="gridcell" class="chain-name cut">
          {below > 0 ? (
            <button
              type="button"
              class="chain-toggle"
              tabIndex={-1}
              aria-label={isClosed ? chain.open(below) : chain.close(below)}
              data-open={!isClosed}
              onClick={event => {
                event.stopPropagation()
                this.props.onToggle(row)
              }}
            />
          ) : (
            <span class="chain-leaf" />
          )}
          {row.depth > deepestIndent && <span class="muted">{row.depth} </span>}
          {isFirstFailure && <span class="tag chain-first">{chain.firstFailure}</span>}
          <span title={row.full_name}>{row.full_name}</span>
          {isClosed && <span class="muted"> +{below}</span>}
        </div>
        <div role="gridcell">
          <StateBadge state={row.status} />
        </div>
        <div role="gridcell" class="number">
          {row.start_time !== null && row.finish_time !== null
            ? formatDuration(row.finish_time - row.start_time)
            : '–'}
        </div>
        <div role="gridcell" class="chain-bar-cell">
          <Bar row={row} began={began} until={until} />
        </div>
      </div>
    )
  }
}

function Bar({
  row,
  began,
  until,
}: {
  readonly row: ShownRow
  readonly began: number
  readonly until: number
}) {
  const { waits, runs, ends } = barOf(row, began, until)
  const percent = (share: number): string => `${100 * share}%`
  return (
    <>
      <span class="chain-wait" style={{ left: percent(waits), width: percent(runs - waits) }} />
      <span
        class={`chain-bar chain-bar-${stateOf(row.status) ?? 'success'}`}
        style={{ left: percent(runs), width: percent(ends - runs) }}
      />
    </>
  )
}
