import { useRef } from 'preact/hooks'
import { text } from '../language.ts'
import type { Column } from './column.ts'

/** What the head and the chooser need to know of a column. */
type AnyColumn = Omit<Column<never>, 'render'>

export interface ColumnHeadProps {
  readonly columns: readonly AnyColumn[]
  readonly widths: Readonly<Record<string, number>> | undefined
  readonly onResize: ((column: string, width: number) => void) | undefined
}

const narrowest = 3
const widest = 80

/** The widths of the columns, for the style of a table; the last one takes what is left. */
export function columnStyle(
  columns: readonly AnyColumn[],
  widths: Readonly<Record<string, number>> | undefined,
): Readonly<Record<string, string>> {
  const rems = columns.map(({ name, width }) => widths?.[name] ?? width)
  const tracks = rems.map((rem, i) => (i === rems.length - 1 ? `minmax(${rem}rem, 1fr)` : `${rem}rem`))
  return { '--columns': tracks.join(' '), '--grid-width': `${rems.reduce((sum, rem) => sum + rem, 0)}rem` }
}

export function ColumnHead({ columns, widths, onResize }: ColumnHeadProps) {
  return (
    <div class="grid-head" role="rowgroup">
      <div class="grid-row" role="row" aria-rowindex={1}>
        {columns.map(({ name, title, width, align }) => (
          <div key={name} role="columnheader" class={align === 'end' ? 'grid-cell number' : 'grid-cell'}>
            <span class="cut" title={title}>
              {title}
            </span>
            {onResize !== undefined && (
              <ColumnEdge
                title={title}
                width={widths?.[name] ?? width}
                onResize={next => onResize(name, Math.max(narrowest, Math.min(widest, next)))}
              />
            )}
          </div>
        ))}
      </div>
    </div>
  )
}

interface ColumnEdgeProps {
  readonly title: string
  /** In rem. */
  readonly width: number
  readonly onResize: (width: number) => void
}

/** Makes its column wider: by the pointer, or by the arrow keys. */
function ColumnEdge({ title, width, onResize }: ColumnEdgeProps) {
  const start = useRef<{ readonly x: number; readonly width: number } | undefined>(undefined)
  return (
    <div
      class="grid-edge"
      role="separator"
      tabIndex={0}
      aria-orientation="vertical"
      aria-label={text().table.widthOf(title)}
      aria-valuenow={Math.round(width)}
      aria-valuemin={narrowest}
      aria-valuemax={widest}
      onPointerDown={event => {
        event.preventDefault()
        event.currentTarget.setPointerCapture(event.pointerId)
        start.current = { x: event.clientX, width }
      }}
      onPointerMove={({ clientX }) => {
        if (start.current === undefined) return
        const rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize)
        onResize(start.current.width + (clientX - start.current.x) / rem)
      }}
      onLostPointerCapture={() => {
        start.current = undefined
      }}
      onKeyDown={event => {
        const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key]
        if (step === undefined) return
        event.preventDefault()
        onResize(width + step)
      }}
    />
  )
}
