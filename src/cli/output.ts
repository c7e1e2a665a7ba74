import { stringifyJson } from '../json.ts'
import type { Surroundings } from './surroundings.ts'
import { renderRecord, renderRows } from './table.ts'
import { visibleJson, visibleText } from './visible-text.ts'

/** Where a command puts what it found: data on stdout, everything else on stderr. */
export interface Output {
  /** Records: a table on a terminal, one line of JSON each otherwise. */
  rows(rows: readonly object[]): Promise<void>
  /** One record: its members line by line on a terminal, a line of JSON otherwise. */
  record(record: object): Promise<void>
  /** Records for the person in front of it, as a table on stderr. */
  sample(rows: readonly object[]): Promise<void>
  /** How far it is, on stderr: a line that is written over on a terminal. */
  progress(text: string): Promise<void>
  /** Must follow the last progress, or the next line would be written behind it. */
  endProgress(): Promise<void>
  /** For the person in front of it, on stderr. */
  note(text: string): Promise<void>
}

/** Writes to the standard streams; `json` asks for JSON on a terminal too. Rejects with EPIPE when nobody reads. */
export function createOutput({ stdout, stderr }: Surroundings, json: boolean): Output {
  const forPeople = stdout.isTTY === true && !json
  return {
    rows: rows => writeLines(stdout, forPeople ? renderRows(rows, stdout.columns ?? 80) : rows.map(jsonLine)),
    record: record => writeLines(stdout, forPeople ? renderRecord(record) : [jsonLine(record)]),
    sample: rows => writeLines(stderr, renderRows(rows, stderr.columns ?? 80)),
    progress: text => writeText(stderr, stderr.isTTY === true ? `\r\u001b[2K${text}` : `${text}\n`),
    endProgress: () => writeText(stderr, stderr.isTTY === true ? '\n' : ''),
    note: text => writeLines(stderr, text.split('\n').map(visibleText)),
  }
}

/** A record as a line of JSON that cannot drive a terminal. */
export function jsonLine(value: object): string {
  return visibleJson(stringifyJson(value))
}

/** Resolves when the lines are handed over, so that a slow reader slows us down. */
export function writeLines(stream: NodeJS.WriteStream, lines: readonly string[]): Promise<void> {
  return writeText(stream, lines.map(line => `${line}\n`).join(''))
}

function writeText(stream: NodeJS.WriteStream, text: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  stream.write(text, error => (error ? reject(error) : resolve()))
  return promise
}
