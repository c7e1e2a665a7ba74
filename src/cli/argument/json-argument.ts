import { readFile } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import { parseJson } from '../../json.ts'
import { UsageError } from '../terminal/failure.ts'
import type { Surroundings } from './surroundings.ts'

/** Parses JSON as it is typed. Throws UsageError that starts with `name`. */
export function parseJsonArgument(text: string, name: string): unknown {
  try {
    return parseJson(text)
  } catch (error) {
    throw new UsageError(`${name}: expected JSON: ${error instanceof Error ? error.message : 'invalid JSON'}`)
  }
}

/** The same; `-` stands for stdin, and what was not given stays undefined. */
export async function readJsonArgument(
  text: string | undefined,
  name: string,
  { stdin }: Surroundings,
): Promise<unknown> {
  if (text === undefined) return undefined
  return parseJsonArgument(text === '-' ? decode(await buffer(stdin), name) : text, name)
}

/** The same; `@file` stands for a file. Also throws the file's error. */
export async function readJsonOrFile(text: string, name: string): Promise<unknown> {
  return parseJsonArgument(text.startsWith('@') ? decode(await readFile(text.slice(1)), name) : text, name)
}

/** Decoded leniently, bytes that are not UTF-8 would be sent as other characters. */
function decode(bytes: Uint8Array, name: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new UsageError(`${name}: not UTF-8`)
  }
}
