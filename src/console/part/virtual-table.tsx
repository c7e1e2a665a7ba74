import { Component, type ComponentChildren } from 'preact'
import { useEffect, useId, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { text } from '../language.ts'
import type { Column } from './column.ts'
import { ColumnHead, columnStyle } from './column-head.tsx'
import { type RowBox, useRowWindow } from './use-row-window.ts'

export type RowKey = string | number

export interface VirtualTableProps<Row> {
  /** What it shows, for readers of the screen. */
  readonly label: string
  /** Those that are shown, in their order. */
  readonly columns: readonly Column<Row>[]
  /** In rem, by column: what the user chose. */
  readonly widths?: Readonly<Record<string, number>>
  readonly onResize?: (column: string, width: number) => void
  /** Those that are known. What comes above or is taken away moves nothing that is seen. */
  readonly rows: readonly Row[]
  readonly rowKey: (row: Row) => RowKey
  /** How many there are in all; absent: not known. */
  readonly total?: number | undefined
  /** The row that is open beside the table. */
  readonly openKey?: RowKey | undefined
  readonly onOpen?: (row: Row) => void
  /** Called when the last rows are seen, to load more; not while `isLoading`. */
  readonly onNearEnd?: () => void
  readonly isLoading?: boolean
  /** Stands in place of no rows. */
  readonly empty?: ComponentChildren
  readonly rowClass?: (row: Row) => string | undefined
}

const rowRem = 1.875
const headRem = 1.875
/** So many rows before the end more are loaded. */
const nearRows = 30

/** A table of any length. Arrow keys, Page Up and Down, Home and End move; Enter opens. */
export function VirtualTable<Row>(props: VirtualTableProps<Row>) {
  const { label, columns, widths, onResize, rows, rowKey, total, openKey, onOpen, isLoading, empty } = props
  const id = useId()
  const box = useRowWindow({ count: rows.length, rowRem, headRem })
  const [active, setActive] = useActiveRow(rows, rowKey, box)
  useNearEnd(props, box.window.end)
  const { first, end, top } = box.window
  const shown = rows.slice(first, end)
  return (
    <div
      class="grid"
      role="grid"
      tabIndex={0}
      ref={box.ref}
      aria-label={label}
      aria-rowcount={total === undefined ? -1 : total + 1}
      aria-colcount={columns.length}
      aria-busy={isLoading === true}
      aria-activedescendant={active >= first && active < end ? `${id}-${active}` : undefined}
      style={{ ...columnStyle(columns, widths), '--grid-row': `${rowRem}rem` }}
      onScroll={box.onScroll}
      onKeyDown={event => {
        if (event.target !== event.currentTarget) return
        const row = rows[active]
        if (event.key === 'Enter' && row !== undefined) onOpen?.(row)
        const next = nextRow(event, active, rows.length, box.fits)
        if (next === undefined) return
        event.preventDefault()
        setActive(next)
        box.show(next)
      }}
    >
      <ColumnHead columns={columns} widths={widths} onResize={onResize} />
      <div class="grid-space" role="rowgroup" style={{ height: `${box.height}px` }}>
        <div class="grid-window" role="none" style={{ transform: `translateY(${top}px)` }}>
          {shown.map((row, i) => (
            <GridRow
              key={rowKey(row)}
              id={`${id}-${first + i}`}
              row={row}
              index={first + i}
              columns={columns}
              isActive={first + i === active}
              isOpen={openKey !== undefined && rowKey(row) === openKey}
              className={props.rowClass?.(row) ?? ''}
              onOpen={index => {
                setActive(index)
                onOpen?.(row)
              }}
            />
          ))}
        </div>
      </div>
      {rows.length === 0 && isLoading !== true && <div class="grid-note">{empty}</div>}
      {isLoading === true && <div class="grid-note muted">{text().app.loading}</div>}
    </div>
  )
}

function nextRow(event: KeyboardEvent, at: number, count: number, page: number): number | undefined {
  if (event.altKey || event.ctrlKey || event.metaKey || count === 0) return undefined
  const moves: Readonly<Record<string, number>> = {
    ArrowDown: at + 1,
    ArrowUp: at - 1,
    PageDown: at + page,
    PageUp: at - page,
    Home: 0,
    End: count - 1,
  }
  const to = moves[event.key]
  return to === undefined ? undefined : Math.max(0, Math.min(count - 1, to))
}

/** The row that keys act on. It stays the same row when others come or go, and so does what is seen. */
function useActiveRow<Row>(
  rows: readonly Row[],
  rowKey: (row: Row) => RowKey,
  box: RowBox,
): [number, (row: number) => void] {
  const [active, setActive] = useState(0)
  const before = useRef(rows)
  useLayoutEffect(() => {
    const last = before.current
    if (last === rows) return
    before.current = rows
    const seen = box.firstSeen()
    const movedTo = (at: number): number | undefined => findMoved(last, rows, rowKey, at)
    const to = seen === 0 ? undefined : movedTo(seen)
    if (to !== undefined && to !== seen) box.shift(to - seen)
    setActive(at => movedTo(at) ?? Math.max(0, Math.min(at, rows.length - 1)))
  }, [rows, rowKey, box.firstSeen, box.shift])
  return [active, setActive]
}

/** Where the row that was at `at` is now. */
function findMoved<Row>(
  before: readonly Row[],
  rows: readonly Row[],
  rowKey: (row: Row) => RowKey,
  at: number,
): number | undefined {
  const row = before[at]
  if (row === undefined) return undefined
  const key = rowKey(row)
  const isIt = (place: number): boolean => {
    const found = rows[place]
    return found !== undefined && rowKey(found) === key
  }
  // Most often rows come at one end.
  for (const place of [at, at + rows.length - before.length]) if (isIt(place)) return place
  const found = rows.findIndex(each => rowKey(each) === key)
  return found < 0 ? undefined : found
}

function useNearEnd<Row>({ rows, onNearEnd, isLoading }: VirtualTableProps<Row>, end: number): void {
  const isNear = end >= rows.length - nearRows && isLoading !== true
  useEffect(() => {
    if (isNear) onNearEnd?.()
  }, [isNear, rows.length])
}

interface GridRowProps<Row> {
  readonly id: string
  readonly row: Row
  readonly index: number
  readonly columns: readonly Column<Row>[]
  readonly isActive: boolean
  readonly isOpen: boolean
  readonly className: string
  readonly onOpen: (index: number) => void
}

/** Drawn anew only when something of it is new: scrolling draws the rows that come. */
class GridRow<Row> extends Component<GridRowProps<Row>> {
  override shouldComponentUpdate(next: GridRowProps<Row>): boolean {
    const { row, index, columns, isActive, isOpen, className } = this.props
    return (
      next.row !== row ||
      next.index !== index ||
      next.columns !== columns ||
      next.isActive !== isActive ||
      next.isOpen !== isOpen ||
      next.className !== className
    )
  }

  override render() {
    const { id, row, index, columns, isActive, isOpen, className } = this.props
    return (
      // biome-ignore lint/a11y/useKeyWithClickEvents: Enter on the table opens its active row
      <div
        id={id}
        role="row"
        class={`grid-row ${className}`}
        aria-rowindex={index + 2}
        aria-selected={isOpen}
        data-active={isActive}
        onClick={() => {
          // Who selects a text does not open its row.
          if (getSelection()?.isCollapsed !== false) this.props.onOpen(index)
        }}
      >
        {columns.map(({ name, align, render }) => (
          <div key={name} role="gridcell" class={align === 'end' ? 'grid-cell number' : 'grid-cell'}>
            {render(row)}
          </div>
        ))}
      </div>
    )
  }
}
