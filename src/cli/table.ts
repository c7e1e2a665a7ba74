import { isExactNumber } from '../json.ts'
import { cellText } from './cell.ts'
import { fitText, textWidth } from './text-width.ts'
import { visibleText } from './visible-text.ts'

const gap = '  '
const leastWidth = 6

interface Column {
  readonly title: string
  readonly cells: readonly string[]
  readonly isNumeric: boolean
  readonly width: number
}

/**
 * `rows` as lines of aligned columns under a line of titles, none longer than `width` cells as long as each column
 * can have six; what does not fit is cut. The columns are the members of all rows, in order of appearance.
 */
export function renderTable(rows: readonly object[], width: number): readonly string[] {
  const names = new Set(rows.flatMap(row => Object.keys(row)))
  const columns = shrink(
    [...names].map(name => columnOf(name, rows)),
    width,
  )
  const titles = columns.map(column => align(column.title, column)).join(gap)
  const lines = rows.map((_, i) => columns.map(column => align(column.cells[i] ?? '', column)).join(gap))
  return [titles, ...lines].map(line => line.trimEnd())
}

/** One record as lines of `name  value`. */
export function renderRecord(record: object): readonly string[] {
  const entries = Object.entries(record).map(
    ([name, value]) => [visibleText(name), cellText(name, value)] as const,
  )
  const width = Math.max(0, ...entries.map(([name]) => textWidth(name)))
  return entries.map(([name, text]) => name + ' '.repeat(width - textWidth(name)) + gap + text)
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

/** Takes from the widest column, cell by cell, so that the narrow ones stay whole. */
function shrink(columns: readonly Column[], width: number): readonly Column[] {
  const widths = columns.map(column => column.width)
  let excess = widths.reduce((sum, each) => sum + each, gap.length * (columns.length - 1)) - width
  while (excess > 0) {
    const widest = Math.max(...widths)
    if (widest <= leastWidth) break
    const next = Math.max(leastWidth, ...widths.filter(each => each < widest))
    const step = Math.max(1, Math.min(widest - next, excess))
    widths[widths.indexOf(widest)] = widest - step
    excess -= step
  }
  return columns.map((column, i) => ({ ...column, width: widths[i] ?? column.width }))
}

function align(text: string, { width, isNumeric }: Column): string {
  const fitted = fitText(text, width)
  const padding = ' '.repeat(Math.max(0, width - textWidth(fitted)))
  return isNumeric ? padding + fitted : fitted + padding
}
