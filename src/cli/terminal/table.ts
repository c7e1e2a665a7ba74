import { isExactNumber } from '../../json.ts'
import { allMembers, type CellOptions, type Column, cellText, type Row } from './column.ts'
import { type Paint, plainPaint, toneOf } from './paint.ts'
import { fitText, textWidth, visibleText } from './visible-text.ts'

const gap = '  '

/** A text cut to fewer cells says too little; numbers and times are never cut. */
const leastWidth = 10

export interface TableOptions extends CellOptions {
  /** The cells of a line. */
  readonly width: number
  readonly paint?: Paint
  /** Every member of the rows if absent. */
  readonly columns?: readonly Column[]
}

interface DrawnColumn {
  readonly title: string
  readonly cells: readonly Cell[]
  readonly isRight: boolean
  readonly isCut: boolean
  readonly width: number
}

interface Cell {
  readonly text: string
  readonly value: unknown
  readonly isState: boolean
}

/**
 * `rows` as aligned columns under a line of titles, no line longer than the terminal: text that does not fit is cut.
 * On a terminal too narrow for that, one member a line.
 */
export function renderRows(rows: readonly object[], options: TableOptions): readonly string[] {
  if (rows.length === 0) return []
  const { width, paint = plainPaint } = options
  const columns = options.columns ?? allMembers(rows)
  const drawn = shrink(
    columns.map(column => drawColumn(column, rows as readonly Row[], options)),
    width,
  )
  if (drawn === undefined) {
    return rows.flatMap((row, i) => [`[${i + 1}]`, ...renderRecord(row, { ...options, columns })])
  }
  const titles = drawn.map(column => align(column.title, column)).join(gap)
  const lines = rows.map((_, i) => drawn.map(column => drawCell(column, i, paint)).join(gap))
  return [paint('title', titles.trimEnd()), ...lines.map(line => line.trimEnd())]
}

export interface RecordOptions extends CellOptions {
  /** Lines are cut to this many cells; not at all if absent. */
  readonly width?: number
  readonly columns?: readonly Column[]
}

/** One record as lines of `name  value`. */
export function renderRecord(record: object, options: RecordOptions): readonly string[] {
  const { width = Number.POSITIVE_INFINITY, columns = allMembers([record]) } = options
  const present = columns.filter(({ read }) => read(record as Row) !== undefined)
  const entries = present.map(({ title, kind, read }) => [
    visibleText(title),
    cellText(read(record as Row), kind, { isExact: true, ...options }),
  ])
  const longest = Math.max(0, ...entries.map(([name = '']) => textWidth(name)))
  return entries.map(([name = '', text = '']) =>
    fitText(name + ' '.repeat(longest - textWidth(name)) + gap + text, width),
  )
}

function drawColumn({ title, kind, read }: Column, rows: readonly Row[], options: CellOptions): DrawnColumn {
  const values = rows.map(read)
  const cells = values.map(value => ({
    text: cellText(value, kind, options),
    value,
    isState: kind === 'state',
  }))
  const shown = visibleText(title)
  const isNumeric =
    values.some(isNumber) && values.every(value => value === null || value === undefined || isNumber(value))
  return {
    title: shown,
    cells,
    isRight: isNumeric && kind !== 'time',
    isCut: !isNumeric,
    width: cells.reduce((widest, { text }) => Math.max(widest, textWidth(text)), textWidth(shown)),
  }
}

function isNumber(value: unknown): boolean {
  return typeof value === 'number' || isExactNumber(value)
}

/** Narrows the widest text column step by step, so that short ones stay whole. Undefined when that is not enough. */
function shrink(columns: readonly DrawnColumn[], width: number): readonly DrawnColumn[] | undefined {
  const widths = columns.map(column => column.width)
  const texts = columns.flatMap((column, i) => (column.isCut ? [i] : []))
  let excess = widths.reduce((sum, each) => sum + each, gap.length * (columns.length - 1)) - width
  while (excess > 0) {
    const textWidths = texts.map(i => widths[i] ?? 0)
    const widest = Math.max(0, ...textWidths)
    if (widest <= leastWidth) return undefined
    const next = Math.max(leastWidth, ...textWidths.filter(each => each < widest))
    const taken = Math.min(widest - next, excess)
    widths[texts[textWidths.indexOf(widest)] ?? 0] = widest - taken
    excess -= taken
  }
  return columns.map((column, i) => ({ ...column, width: widths[i] ?? column.width }))
}

function drawCell(column: DrawnColumn, row: number, paint: Paint): string {
  const cell = column.cells[row]
  if (cell === undefined) return ''
  const text = align(cell.text, column)
  const tone = cell.isState ? toneOf(cell.value) : undefined
  return tone === undefined ? text : paint(tone, text)
}

function align(text: string, { width, isRight }: DrawnColumn): string {
  const fitted = fitText(text, width)
  const padding = ' '.repeat(Math.max(0, width - textWidth(fitted)))
  return isRight ? padding + fitted : fitted + padding
}
