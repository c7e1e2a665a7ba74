import { isExactNumber } from '../json.ts'
import { cellText } from './cell.ts'
import { fitText, textWidth } from './text-width.ts'
import { visibleText } from './visible-text.ts'

const gap = '  '

/** A text cut to fewer cells than these says too little; numbers and times are never cut. */
const leastWidth = 10

interface Column {
  readonly title: string
  readonly cells: readonly string[]
  readonly isNumeric: boolean
  readonly width: number
}

/**
 * `rows` as lines of aligned columns under a line of titles, none longer than `width` cells: text that does not fit
 * is cut. On a terminal too narrow for that, one member a line. The columns are the members of all rows.
 */
export function renderRows(rows: readonly object[], width: number): readonly string[] {
  if (rows.length === 0) return []
  const names = new Set(rows.flatMap(row => Object.keys(row)))
  const columns = shrink(
    [...names].map(name => columnOf(name, rows)),
    width,
  )
  if (columns === undefined) return rows.flatMap((row, i) => [`[${i + 1}]`, ...renderRecord(row, width)])
  const titles = columns.map(column => align(column.title, column)).join(gap)
  const lines = rows.map((_, i) => columns.map(column => align(column.cells[i] ?? '', column)).join(gap))
  return [titles, ...lines].map(line => line.trimEnd())
}

/** One record as lines of `name  value`, cut to `width` cells where one is given. */
export function renderRecord(record: object, width = Number.POSITIVE_INFINITY): readonly string[] {
  const entries = Object.entries(record).map(
    ([name, value]) => [visibleText(name), cellText(name, value)] as const,
  )
  const longest = Math.max(0, ...entries.map(([name]) => textWidth(name)))
  return entries.map(([name, text]) =>
    fitText(name + ' '.repeat(longest - textWidth(name)) + gap + text, width),
  )
}

function columnOf(name: string, rows: readonly object[]): Column {
  const values = rows.map(row => (Object.hasOwn(row, name) ? row[name as keyof typeof row] : undefined))
  const cells = values.map(value => cellText(name, value))
  const title = visibleText(name)
  return {
    title,
    cells,
    isNumeric: values.some(isNumber) && values.every(value => value === null || isNumber(value)),
    width: cells.reduce((widest, cell) => Math.max(widest, textWidth(cell)), textWidth(title)),
  }
}

function isNumber(value: unknown): boolean {
  return typeof value === 'number' || isExactNumber(value)
}

/** Takes from the widest text, step by step, so that short ones stay whole. Undefined when it is not enough. */
function shrink(columns: readonly Column[], width: number): readonly Column[] | undefined {
  const widths = columns.map(column => column.width)
  const texts = columns.flatMap((column, i) => (column.isNumeric ? [] : [i]))
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

function align(text: string, { width, isNumeric }: Column): string {
  const fitted = fitText(text, width)
  const padding = ' '.repeat(Math.max(0, width - textWidth(fitted)))
  return isNumeric ? padding + fitted : fitted + padding
}
