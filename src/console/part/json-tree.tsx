import { useEffect, useId, useMemo, useState } from 'preact/hooks'
import { formatBytes, formatCount } from '../format.ts'
import { text as texts } from '../language.ts'
import {
  canOpen,
  createJsonTree,
  type JsonLine,
  type JsonNode,
  type JsonOpening,
  type JsonTree as Model,
  moreOf,
  pathOf,
  pathText,
  toggled,
} from '../model/json-tree.ts'
import { CopyButton } from './copy-button.tsx'
import { useRowWindow } from './use-row-window.ts'

export interface JsonTreeProps {
  /** What it is, for readers of the screen. */
  readonly label: string
  /** The JSON text, as the server wrote it (or `stringifyJson`): every number keeps its digits. */
  readonly source: string
  /** Whether the first level is open from the beginning; only for what is short. */
  readonly isOpen?: boolean
}

const rowRem = 1.375
/** The most that is counted to say how many members a value has that is closed. */
const countedLength = 100_000
/** A short value is shown open. */
const shortLength = 20_000

/**
 * A JSON text as a tree: closed at first, read only where it is opened. Arrow keys move, open and close; Enter opens, closes and shows
 * more.
 */
export function JsonTree({ label, source, isOpen = false }: JsonTreeProps) {
  const id = useId()
  const tree = useMemo(() => createJsonTree(source), [source])
  const firstOpening = (): JsonOpening => {
    const closed = { shown: new Map() }
    return isOpen && source.length <= shortLength && canOpen(tree.root)
      ? toggled(closed, tree.root, true)
      : closed
  }
  const [opening, setOpening] = useState<JsonOpening>(firstOpening)
  const [active, setActive] = useState(0)
  useEffect(() => {
    setOpening(firstOpening())
    setActive(0)
  }, [tree])
  const lines = useMemo(() => tree.lines(opening), [tree, opening])
  const box = useRowWindow({ count: lines.length, rowRem })
  const { first, end, top } = box.window
  const line = lines[Math.min(active, lines.length - 1)] ?? {
    type: 'value',
    node: tree.root,
    isOpen: undefined,
  }

  function goTo(row: number): void {
    const next = Math.max(0, Math.min(lines.length - 1, row))
    setActive(next)
    box.show(next)
  }
  function act(on: JsonLine, wanted?: boolean): void {
    if (on.type === 'more') setOpening(moreOf(opening, on.node))
    if (on.type === 'value' && on.isOpen !== undefined)
      setOpening(toggled(opening, on.node, wanted ?? !on.isOpen))
  }

  return (
    <div class="json">
      <div
        class="json-box"
        role="tree"
        aria-label={label}
        tabIndex={0}
        ref={box.ref}
        aria-activedescendant={active >= first && active < end ? `${id}-${active}` : undefined}
        style={{ '--json-rows': String(lines.length), '--json-row': `${rowRem}rem` }}
        onScroll={box.onScroll}
        onKeyDown={event => {
          const done = moveKey(event.key, { lines, active, page: box.fits, goTo, act })
          if (done && !event.ctrlKey && !event.metaKey && !event.altKey) event.preventDefault()
        }}
      >
        <div class="json-space" role="none" style={{ height: `${box.height}px` }}>
          <div role="none" style={{ transform: `translateY(${top}px)` }}>
            {lines.slice(first, end).map((each, i) => (
              <Line
                key={first + i}
                id={`${id}-${first + i}`}
                tree={tree}
                line={each}
                isActive={first + i === active}
                onClick={() => {
                  setActive(first + i)
                  act(each)
                }}
              />
            ))}
          </div>
        </div>
      </div>
      <JsonTools tree={tree} line={line} />
    </div>
  )
}

interface Keys {
  readonly lines: readonly JsonLine[]
  readonly active: number
  readonly page: number
  goTo(row: number): void
  act(line: JsonLine, isOpen?: boolean): void
}

/** Whether the key means something here. */
function moveKey(key: string, { lines, active, page, goTo, act }: Keys): boolean {
  const line = lines[active]
  if (line === undefined) return false
  const moves: Readonly<Record<string, number>> = {
    ArrowDown: active + 1,
    ArrowUp: active - 1,
    PageDown: active + page,
    PageUp: active - page,
    Home: 0,
    End: lines.length - 1,
  }
  const to = moves[key]
  if (to !== undefined) goTo(to)
  else if (key === 'Enter' || key === ' ') act(line)
  else if (key === 'ArrowRight') {
    if (line.type === 'value' && line.isOpen === false) act(line, true)
    else if (line.type === 'value' && line.isOpen === true) goTo(active + 1)
  } else if (key === 'ArrowLeft') {
    if (line.type === 'value' && line.isOpen === true) act(line, false)
    else {
      const parent = line.type === 'value' ? line.node.parent : line.node
      const at = lines.findLastIndex((each, i) => i < active && each.type === 'value' && each.node === parent)
      if (at >= 0) goTo(at)
    }
  } else return false
  return true
}

interface LineProps {
  readonly id: string
  readonly tree: Model
  readonly line: JsonLine
  readonly isActive: boolean
  readonly onClick: () => void
}

function Line({ id, tree, line, isActive, onClick }: LineProps) {
  const depth = line.node.depth + (line.type === 'value' ? 0 : 1)
  const isOpen = line.type === 'value' ? line.isOpen : undefined
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the tree takes the keys
    // biome-ignore lint/a11y/useFocusableInteractive: the tree has the focus, and says which line is active
    <div
      id={id}
      class="json-line"
      role="treeitem"
      aria-level={depth + 1}
      aria-expanded={isOpen}
      aria-selected={isActive}
      data-active={isActive}
      style={{ '--depth': String(depth) }}
      onClick={onClick}
    >
      {isOpen !== undefined && <span class="json-mark" data-open={isOpen} aria-hidden="true" />}
      {line.type === 'value' && <Value tree={tree} node={line.node} isOpen={isOpen === true} />}
      {line.type === 'piece' && (
        <span class="json-string" dir="auto">
          {line.text}
        </span>
      )}
      {line.type === 'more' && <span class="json-more">{texts().json.more(formatCount(line.left))}</span>}
    </div>
  )
}

function Value({
  tree,
  node,
  isOpen,
}: {
  readonly tree: Model
  readonly node: JsonNode
  readonly isOpen: boolean
}) {
  const { kind, key } = node
  const isHolder = kind === 'object' || kind === 'array'
  return (
    <>
      {key !== undefined && (
        <>
          <span class="json-key" dir="auto">
            {key}
          </span>
          :{' '}
        </>
      )}
      {isHolder && canOpen(node) ? (
        <span class="json-holder">
          {brackets[kind]} <span class="muted">{sizeOf(tree, node)}</span>
        </span>
      ) : kind === 'string' ? (
        <>
          <span class="json-string" dir="auto">
            {isOpen ? '"…"' : tree.preview(node)}
          </span>
          {canOpen(node) && <span class="muted"> {formatBytes(node.end - node.begin - 2)}</span>}
        </>
      ) : (
        <span class={kind === 'number' ? 'json-number' : 'json-word'}>{tree.preview(node)}</span>
      )}
    </>
  )
}

const brackets = { object: '{…}', array: '[…]' } as const

function sizeOf(tree: Model, node: JsonNode): string {
  const { kind, begin, end } = node
  // What is long is not read before it is opened.
  if (end - begin > countedLength) return formatBytes(end - begin)
  const count = tree.count(node)
  return kind === 'array' ? texts().json.elements(count) : texts().json.members(count)
}

/** Where the active line is, and what can be done with its value. */
function JsonTools({ tree, line }: { readonly tree: Model; readonly line: JsonLine }) {
  const { json } = texts()
  const path = pathText(pathOf(line.node))
  return (
    <div class="json-tools">
      <code class="cut" title={path}>
        {path === '' ? json.whole : path}
      </code>
      <CopyButton label={json.copyPath} read={() => path} disabled={path === ''} />
      <CopyButton label={json.copyValue} read={() => valueOfCopy(tree, line.node)} />
    </div>
  )
}

/** A string as its characters, everything else as JSON. */
function valueOfCopy(tree: Model, node: JsonNode): string {
  const source = tree.source(node)
  return node.kind === 'string' ? (JSON.parse(source) as string) : source
}
