import { type FileHandle, open } from 'node:fs/promises'
import { CommandFailure } from './failure.ts'
import { writeLines } from './output.ts'
import type { Surroundings } from './surroundings.ts'
import { visibleJson } from './visible-text.ts'

/** Where exported bytes go. */
export interface ExportTarget {
  /** Resolves when they are handed over, so that a slow reader slows us down. */
  write(bytes: Uint8Array): Promise<void>
  close(): Promise<void>
}

export interface TargetFlags {
  readonly format: 'ndjson' | 'csv'
  readonly output?: string
  readonly after?: number
}

/** Opens the file of `--output`, to add to it where `--after` goes on; without one it is stdout. Throws CommandFailure. */
export async function openExportTarget(
  { format, output, after }: TargetFlags,
  { stdout }: Surroundings,
): Promise<ExportTarget> {
  if (output === undefined) return stdout.isTTY === true ? terminalTarget(stdout) : streamTarget(stdout)
  const file = await openFile(output, after === undefined ? 'w' : 'a')
  // What is added to a file needs no second header.
  const hasHeader = format === 'csv' && (await file.stat()).size > 0
  return fileTarget(file, hasHeader)
}

async function openFile(path: string, flags: 'w' | 'a'): Promise<FileHandle> {
  try {
    return await open(path, flags)
  } catch (error) {
    throw new CommandFailure(`${path} cannot be written: ${error instanceof Error ? error.message : error}`)
  }
}

function fileTarget(file: FileHandle, skipsFirstLine: boolean): ExportTarget {
  let isHeaderDue = skipsFirstLine
  return {
    async write(bytes) {
      if (bytes.length === 0) return
      const start = isHeaderDue ? bytes.indexOf(0x0a) + 1 : 0
      isHeaderDue = false
      await file.appendFile(bytes.subarray(start))
    },
    close: () => file.close(),
  }
}

function streamTarget(stream: NodeJS.WriteStream): ExportTarget {
  return {
    write(bytes) {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      stream.write(bytes, error => (error ? reject(error) : resolve()))
      return promise
    },
    close: async () => undefined,
  }
}

/** Nothing in a record may drive the terminal. */
function terminalTarget(stream: NodeJS.WriteStream): ExportTarget {
  return {
    async write(bytes) {
      const lines = Buffer.from(bytes).toString().split(/\r?\n/).slice(0, -1)
      await writeLines(stream, lines.map(visibleJson))
    },
    close: async () => undefined,
  }
}
