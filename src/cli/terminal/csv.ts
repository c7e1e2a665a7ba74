import { isExactNumber, stringifyJson } from '../../json.ts'
import type { CellKind, Column, Row } from './column.ts'
import { isMoment } from './time-text.ts'

/** Rows as lines of CSV (RFC 4180) under a line of names, without line ends, in the format of the server's export. */
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
  // A spreadsheet would run a cell that starts like this as a formula; after an apostrophe it is text.
  return quoted(/^[=+\-@\t\r]/.test(value) ? `'${value}` : value)
}

function quoted(text: string): string {
  return `"${text.replaceAll('"', '""')}"`
}
