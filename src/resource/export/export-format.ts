import { type RawBuilder, sql } from 'kysely'
import type { ResourceField } from '../resource.ts'
import { epochMilliseconds, renderRow } from '../select/render.ts'

type Fields = readonly ResourceField[]

/** How exported rows are written, a line each. */
export interface ExportFormat {
  readonly contentType: string
  /** What stands before the first row. */
  readonly head: (fields: Fields) => string
  /** The SQL of a row's line, without its end. */
  readonly line: (fields: Fields) => RawBuilder<string>
  readonly lineEnd: string
  /** Lines are wire rows: they may be taken as bytes, see RowBytes. */
  readonly isWireRow: boolean
}

/** The formats of an export: wire rows as NDJSON, or CSV (RFC 4180). */
export const exportFormats = {
  ndjson: {
    contentType: 'application/x-ndjson',
    head: () => '',
    line: renderRow,
    lineEnd: '\n',
    isWireRow: true,
  },
  csv: {
    contentType: 'text/csv; charset=utf-8; header=present',
    head: fields => `${fields.map(field => field.name).join()}\r\n`,
    line: csvLine,
    lineEnd: '\r\n',
    isWireRow: false,
  },
} as const satisfies Record<string, ExportFormat>

export type ExportFormatName = keyof typeof exportFormats

// concat writes a null as nothing: an empty cell.
function csvLine(fields: Fields): RawBuilder<string> {
  const cells = fields.map(csvCell)
  return sql<string>`concat(${sql.join(cells, sql`, ',', `)})`
}

function csvCell({ name, kind, nullable }: ResourceField): RawBuilder<unknown> {
  const column = sql.ref(name)
  switch (kind) {
    case 'id':
    case 'integer':
      return sql`${column}`
    case 'time':
      return isoTime(name)
    case 'json':
      // JSON text is never a formula: it begins with a quote, a bracket, a word or a number.
      return quoted(nullable === true ? sql`nullif(${column}, 'null'::jsonb)::text` : sql`${column}::text`)
    case 'name':
    case 'enum':
    case 'text':
      return sql`case when left(${column}, 1) in (${sql.join(formulaStarts.map(sql.lit))})
        then ${quoted(sql`${sql.lit("'")} || ${column}`)} else ${quoted(column)} end`
  }
}

// People and spreadsheets both read this. The pattern has no sign for years before 1, so those stay numbers.
function isoTime(name: string): RawBuilder<unknown> {
  const column = sql.ref(name)
  return sql`case when ${column} >= '0001-01-01T00:00:00Z'
    then to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
    else ${epochMilliseconds(name)}::text end`
}

/** A spreadsheet takes a cell that begins so for a formula and runs it; behind an apostrophe it is text. */
const formulaStarts = ['=', '+', '-', '@', '\t', '\r']

// Quotes inside are doubled; null stays null.
function quoted(text: RawBuilder<unknown> | ReturnType<typeof sql.ref>): RawBuilder<unknown> {
  return sql`'"' || replace(${text}, '"', '""') || '"'`
}
