import { createReadStream } from 'node:fs'
import { UsageError } from '../terminal/failure.ts'
import { readLines } from './lines.ts'
import type { Surroundings } from './surroundings.ts'

export interface SecretFlags {
  readonly secretFile?: string
  readonly secretStdin?: true
}

/** The first line of a file or of stdin: an argument would be visible in the list of processes. Throws UsageError. */
export async function readSecret(
  { secretFile, secretStdin }: SecretFlags,
  { stdin }: Surroundings,
): Promise<string | undefined> {
  if (secretFile === undefined && secretStdin === undefined) return undefined
  if (secretFile !== undefined && secretStdin !== undefined) {
    throw new UsageError('--secret-file or --secret-stdin, not both')
  }
  const source = secretFile === undefined ? stdin : createReadStream(secretFile)
  for await (const { text } of readLines(source)) return text.trim()
  throw new UsageError('the secret is empty')
}

/** The first line of stdin: an argument would be visible in the list of processes. Throws UsageError if there is none. */
export async function readPassword({ stdin }: Surroundings): Promise<string> {
  for await (const { text } of readLines(stdin)) return text.replace(/\r$/, '')
  throw new UsageError('no password came on stdin')
}
