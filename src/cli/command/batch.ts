import { parseJson } from '../../json.ts'
import type { Line } from '../argument/read-lines.ts'
import { CommandFailure } from '../terminal/failure.ts'

/** Rows that go to the server in one call. */
export interface Batch {
  readonly rows: readonly object[]
  /** The number of the line each row came from. */
  readonly lines: readonly number[]
}

const maxRows = 1000
// Half of what a server takes in one request unless it is configured otherwise.
const maxBytes = 512 * 1024

/**
 * Rows of NDJSON in batches of at most 1000 rows and 512 KiB; a larger row goes alone. Blank lines are skipped.
 * What stands before a bad line is still given out; then throws CommandFailure that names the line.
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
  if (typeof row === 'object' && row !== null && !Array.isArray(row)) return row
  throw new CommandFailure(`line ${number}: expected a JSON object`)
}

function parseLine(text: string, number: number): unknown {
  try {
    return parseJson(text)
  } catch (error) {
    throw new CommandFailure(`line ${number}: ${error instanceof Error ? error.message : 'not JSON'}`)
  }
}
