import { createReadStream } from 'node:fs'
import { CommandFailure } from '../terminal/failure.ts'

export interface Line {
  /** The first line is number 1. */
  readonly number: number
  readonly text: string
}

const newline = 0x0a

/**
 * The lines of a stream of UTF-8 bytes. Throws CommandFailure that names the line whose bytes are not UTF-8:
 * decoded leniently, they would be stored as other characters.
 */
export async function* readLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Line, void, undefined> {
  let number = 0
  let parts: Uint8Array[] = []
  for await (const chunk of chunks) {
    let start = 0
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, start)) {
      parts.push(chunk.subarray(start, end))
      yield { number: ++number, text: decode(parts, number) }
      parts = []
      start = end + 1
    }
    if (start < chunk.length) parts.push(chunk.subarray(start))
  }
  if (parts.length > 0) yield { number: ++number, text: decode(parts, number) }
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

function decode(parts: readonly Uint8Array[], number: number): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(parts))
  } catch {
    throw new CommandFailure(`line ${number}: not UTF-8`)
  }
}
