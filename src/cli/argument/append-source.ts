import { createReadStream } from 'node:fs'
import { parseJson, stringifyJson } from '../../json.ts'
import { CommandFailure, UsageError } from '../terminal/failure.ts'
import { type Line, readLines } from './read-lines.ts'
import type { Surroundings } from './surroundings.ts'

/** Where rows come from, a line of JSON each. */
export interface RowSource {
  readonly lines: AsyncIterable<Line>
  /** What a line is called in a message. */
  readonly unit: 'line' | 'row'
}

/**
 * Rows as they were given: as JSON, one or a list of them in an argument; `@FILE` and `-` (stdin, also without an
 * argument) are lines of JSON. Throws UsageError.
 */
export function rowSource(given: readonly string[], { stdin }: Pick<Surroundings, 'stdin'>): RowSource {
  const [first = '-', ...more] = given
  const isStream = first === '-' || first.startsWith('@')
  if (!isStream) return { lines: listed(given.flatMap(rowsOf)), unit: 'row' }
  if (more.length > 0) throw new UsageError(`${first} comes alone, not with ${more[0]}`)
  return { lines: first === '-' ? readLines(stdin) : linesOfFile(first.slice(1)), unit: 'line' }
}

/** The lines of a file. Throws CommandFailure when it cannot be read. */
export async function* linesOfFile(path: string): AsyncGenerator<Line, void, undefined> {
  try {
    yield* readLines(createReadStream(path))
  } catch (error) {
    if (!(error instanceof Error && 'syscall' in error)) throw error
    throw new CommandFailure(`${path} cannot be read: ${error.message}`)
  }
}

function rowsOf(text: string): readonly object[] {
  const value = parse(text)
  const rows: readonly unknown[] = Array.isArray(value) ? value : [value]
  if (rows.every(isRow)) return rows
  throw new UsageError(`expected a record as a JSON object, a list of them, @FILE or -, not ${text}`)
}

function parse(text: string): unknown {
  try {
    return parseJson(text)
  } catch (error) {
    throw new UsageError(`expected JSON: ${error instanceof Error ? error.message : 'it is none'}`)
  }
}

function isRow(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !('rawJSON' in value)
}

async function* listed(rows: readonly object[]): AsyncGenerator<Line, void, undefined> {
  for (const [i, row] of rows.entries()) yield { number: i + 1, text: stringifyJson(row) }
}
