import type { Command } from 'commander'
import { stringifyJson } from '../../json.ts'
import type { Surroundings } from '../argument/surroundings.ts'
import { allMembers, type Column, plainMembers, type Row } from './column.ts'
import { csvLines } from './csv.ts'
import { meantOrAll, UsageError } from './failure.ts'
import { showThroughPager } from './pager.ts'
import { colourPaint, plainPaint } from './paint.ts'
import { type Presentation, readPresentation } from './presentation.ts'
import { renderRecord, renderRows } from './table.ts'
import { visibleJson, visibleText } from './visible-text.ts'

export interface ListOptions {
  /** The columns of a table that is not wide; every member that holds no object if absent. */
  readonly columns?: readonly Column[]
  /** The note when there are no rows. */
  readonly none?: string
}

/** Where a command writes: data to stdout, everything else to stderr. */
export interface Output {
  /** Writes records in the requested format. Throws UsageError for fields that they do not have. */
  rows(rows: readonly object[], options?: ListOptions): Promise<void>
  /** Writes one record; as a table, one member a line. */
  record(record: object): Promise<void>
  /** Writes lines for a person to stdout, a screen at a time. */
  lines(lines: readonly string[]): Promise<void>
  /** Writes records for a person to stderr, as a table. */
  sample(rows: readonly object[], columns?: readonly Column[]): Promise<void>
  /** Writes the progress to stderr; on a terminal, over the last one. */
  progress(text: string): Promise<void>
  /** Must follow the last progress, or the next output would continue its line. */
  endProgress(): Promise<void>
  /** Writes a note for a person to stderr. */
  note(text: string): Promise<void>
}

/** The output that the options of `command` ask for. Throws UsageError. */
export function outputOf(command: Command, surroundings: Surroundings): Output {
  return createOutput(surroundings, readPresentation(command, surroundings))
}

/** Writes to the standard streams. Rejects with EPIPE when nobody reads. */
export function createOutput(surroundings: Surroundings, presentation: Presentation): Output {
  const { stdout, stderr } = surroundings
  const { format, fields, isWide, zone } = presentation
  const paint = presentation.hasColour ? colourPaint : plainPaint
  const write = async (lines: readonly string[]): Promise<void> => {
    if (presentation.usesPager && (await showThroughPager(lines, surroundings))) return
    await writeLines(stdout, lines)
  }
  const note = (text: string): Promise<void> => writeLines(stderr, text.split('\n').map(visibleText))

  const render = (rows: readonly object[], columns: readonly Column[]): readonly string[] => {
    const wanted = fields === undefined ? undefined : selectColumns(fields, rows, columns)
    const records = wanted === undefined ? rows : rows.map(row => pick(row as Row, wanted))
    if (format === 'ndjson') return records.map(jsonLine)
    if (format === 'json') return jsonArray(records)
    if (format === 'csv') {
      const lines = csvLines(rows, wanted ?? allMembers(rows))
      return stdout.isTTY === true ? lines.map(visibleText) : lines.map(line => `${line}\r`)
    }
    return renderRows(rows, {
      width: widthOf(stdout),
      zone,
      paint,
      columns: wanted ?? (isWide ? allMembers(rows) : columns),
    })
  }

  return {
    async rows(rows, { columns = plainMembers(rows), none = 'nothing to show' } = {}) {
      await write(render(rows, columns))
      if (rows.length === 0) await note(none)
    },
    record(record) {
      if (format === 'csv') return write(render([record], []))
      const wanted = fields === undefined ? undefined : selectColumns(fields, [record], [])
      if (format !== 'table')
        return write([jsonLine(wanted === undefined ? record : pick(record as Row, wanted))])
      return write(renderRecord(record, { zone, ...(wanted !== undefined && { columns: wanted }) }))
    },
    lines: write,
    sample: (rows, columns = plainMembers(rows)) =>
      writeLines(stderr, renderRows(rows, { width: widthOf(stderr), zone, columns })),
    progress: text => writeTo(stderr, stderr.isTTY === true ? `\r\u001b[2K${text}` : `${text}\n`),
    endProgress: () => writeTo(stderr, stderr.isTTY === true ? '\n' : ''),
    note,
  }
}

/** The width of a terminal in cells; 80 where it is not known. */
export function widthOf({ columns }: NodeJS.WriteStream): number {
  return columns || 80
}

/** A member wins over a column of the same name. Without rows, any name may be right. */
function selectColumns(
  fields: readonly string[],
  rows: readonly object[],
  columns: readonly Column[],
): readonly Column[] {
  const known = new Map([...columns, ...allMembers(rows)].map(column => [column.title, column]))
  return fields.flatMap(field => {
    const column = known.get(field)
    if (column !== undefined) return [column]
    if (rows.length === 0) return []
    throw new UsageError(`--fields: there is no "${field}"${meantOrAll(field, [...known.keys()])}`)
  })
}

function pick(row: Row, columns: readonly Column[]): object {
  return Object.fromEntries(columns.map(({ title, read }) => [title, read(row) ?? null]))
}

function jsonArray(rows: readonly object[]): readonly string[] {
  if (rows.length === 0) return ['[]']
  return ['[', ...rows.map((row, i) => `  ${jsonLine(row)}${i === rows.length - 1 ? '' : ','}`), ']']
}

/** A record as a line of JSON that cannot control a terminal. */
export function jsonLine(value: object): string {
  return visibleJson(stringifyJson(value))
}

export function writeLines(stream: NodeJS.WriteStream, lines: readonly string[]): Promise<void> {
  return writeTo(stream, lines.map(line => `${line}\n`).join(''))
}

/** Resolves when the data is handed over, so that a slow reader slows us down. */
export function writeTo(stream: NodeJS.WriteStream, data: string | Uint8Array): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  stream.write(data, error => (error ? reject(error) : resolve()))
  return promise
}
