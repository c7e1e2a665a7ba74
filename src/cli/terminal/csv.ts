import { isExactNumber, stringifyJson } from '../../json.ts'
import type { CellKind, Column, Row } from './column.ts'
import { isMoment } from './time-text.ts'

/** Rows as the lines of CSV (RFC 4180) under a line of names, without line ends; as the server's own export has them. */
export function csvLines(rows: readonly object[], columns: readonly Column[]): readonly string[] {
  return [
    columns.map(({ title }) => title).join(),
    ...rows.map(row => columns.map(({ read, kind }) => cellOf(read(row as Row), kind)).join()),
  ]
}

function cellOf(value: unknown, kind: CellKind): string {
  if (value === null || value === undefined) return ''
  if (kind === 'time' && typeof value === 'number' && isMoment(value)) return new Date(value).toISOString()
  if (typeof value === 'number' || isExactNumber(value)) return stringifyJson(value)
  if (typeof value !== 'string') return quoted(stringifyJson(value))
  // A spreadsheet takes a cell that begins so for a formula and runs it; behind an apostrophe it is text.
  return quoted(/^[=+\-@\t\r]/.test(value) ? `'${value}` : value)
}

function quoted(text: string): string {
  return `"${text.replaceAll('"', '""')}"`
}
