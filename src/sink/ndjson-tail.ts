import type { FileHandle } from 'node:fs/promises'

/** Where a file's complete lines end, and the number of the last one; undefined if there is none. */
export interface Tail {
  readonly end: number
  readonly number: number | undefined
}

const chunkBytes = 64 * 1024
const newline = 10

/**
 * Finds the last complete line with a number. Bytes after it were only partly written when the writer died,
 * or reached the disk without the bytes before them.
 */
export async function readTail(file: FileHandle, size: number): Promise<Tail> {
  let end = size
  for (;;) {
    const last = await lastNewline(file, end)
    if (last === undefined) return { end: 0, number: undefined }
    const start = ((await lastNewline(file, last)) ?? -1) + 1
    const number = numberOf(await readPart(file, start, last))
    if (number !== undefined) return { end: last + 1, number }
    end = start
  }
}

/** The offset of the last line end before `end`. */
async function lastNewline(file: FileHandle, end: number): Promise<number | undefined> {
  for (let to = end; to > 0; ) {
    const from = Math.max(0, to - chunkBytes)
    const place = (await readPart(file, from, to)).lastIndexOf(newline)
    if (place >= 0) return from + place
    to = from
  }
  return undefined
}

async function readPart(file: FileHandle, from: number, to: number): Promise<Buffer> {
  const buffer = Buffer.alloc(to - from)
  const { bytesRead } = await file.read(buffer, 0, buffer.length, from)
  return buffer.subarray(0, bytesRead)
}

function numberOf(line: Buffer): number | undefined {
  try {
    const { sequence_number: number } = JSON.parse(line.toString('utf8'))
    return Number.isSafeInteger(number) ? number : undefined
  } catch {
    return undefined
  }
}
