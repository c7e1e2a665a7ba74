import { UsageError } from '../terminal/failure.ts'
import { readLines } from './read-lines.ts'
import type { Surroundings } from './surroundings.ts'

/** The first line of stdin: an argument would show in the list of processes. Throws UsageError if there is none. */
export async function readPassword({ stdin }: Surroundings): Promise<string> {
  for await (const { text } of readLines(stdin)) return text.replace(/\r$/, '')
  throw new UsageError('no password came on stdin')
}
