import { parseJson, stringifyJson } from '../../json.ts'
import { CommandFailure, UsageError } from '../terminal/failure.ts'
import { parseJsonArgument } from './json-argument.ts'
import { type Line, linesOfFile, readLines } from './lines.ts'
import type { Surroundings } from './surroundings.ts'

/** The source of rows, one line of JSON each. */
export interface RowSource {
  readonly lines: AsyncIterable<Line>
  /** What a line is called in a message. */
  readonly unit: 'line' | 'row'
}

/**
 * The rows that were given: arguments hold a row or a list of rows as JSON; `@FILE` and `-` (stdin, the default) hold lines
 * of JSON. Throws UsageError.
 */
export function rowSource(given: readonly string[], { stdin }: Pick<Surroundings, 'stdin'>): RowSource {
  const [first = '-', ...more] = given
  const isStream = first === '-' || first.startsWith('@')
  if (!isStream) return { lines: listed(given.flatMap(rowsOf)), unit: 'row' }
  if (more.length > 0) throw new UsageError(`${first} cannot be used together with ${more[0]}`)
  return { lines: first === '-' ? readLines(stdin) : linesOfFile(first.slice(1)), unit: 'line' }
}

function rowsOf(text: string): readonly object[] {
  const value = parseJsonArgument(text, 'rows')
  const rows: readonly unknown[] = Array.isArray(value) ? value : [value]
  if (rows.every(isRow)) return rows
  throw new UsageError(`expected a record as a JSON object, a list of records, @FILE or -, not ${text}`)
}

function isRow(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !('rawJSON' in value)
}

async function* listed(rows: readonly object[]): AsyncGenerator<Line, void, undefined> {
  for (const [i, row] of rows.entries()) yield { number: i + 1, text: stringifyJson(row) }
}

/** Rows that go to the server in one call. */
export interface Batch {
  readonly rows: readonly object[]
  /** The number of the line each row came from. */
  readonly lines: readonly number[]
}

const maxRows = 1000
// Half of a server's default limit of one request.
const maxBytes = 512 * 1024

/**
 * Rows of NDJSON in batches of at most 1000 rows and 512 KiB; a larger row goes alone. Blank lines are skipped.
 * The rows before a bad line are still yielded; then it throws CommandFailure that names the line.
 */
export async function* batchRows(lines: AsyncIterable<Line>): AsyncGenerator<Batch, void, undefined> {
  let batch = emptyBatch()
  try {
    for await (const line of lines) {
      if (line.text.trim() === '') continue
      const row = parseRow(line)
      const bytes = Buffer.byteLength(line.text)
      if (isFull(batch, bytes)) {
        yield batch
        batch = emptyBatch()
      }
      batch.rows.push(row)
      batch.lines.push(line.number)
      batch.bytes += bytes
    }
  } catch (fault) {
    if (batch.rows.length > 0) yield batch
    throw fault
  }
  if (batch.rows.length > 0) yield batch
}

interface GrowingBatch {
  readonly rows: object[]
  readonly lines: number[]
  bytes: number
}

function emptyBatch(): GrowingBatch {
  return { rows: [], lines: [], bytes: 0 }
}

function isFull({ rows, bytes }: GrowingBatch, more: number): boolean {
  return rows.length === maxRows || (rows.length > 0 && bytes + more > maxBytes)
}

function parseRow({ text, number }: Line): object {
  const row = parseLine(text, number)
  if (isRow(row)) return row
  throw new CommandFailure(`line ${number}: expected a JSON object`)
}

function parseLine(text: string, number: number): unknown {
  try {
    return parseJson(text)
  } catch (error) {
    throw new CommandFailure(`line ${number}: ${error instanceof Error ? error.message : 'not JSON'}`)
  }
}
