import { constants } from 'node:fs'
import { copyFile, type FileHandle, open, realpath, rename, stat, unlink } from 'node:fs/promises'
import type { Surroundings } from '../argument/surroundings.ts'
import { CommandFailure, hasCode } from '../terminal/failure.ts'
import { writeLines, writeTo } from '../terminal/output.ts'
import { visibleJson } from '../terminal/visible-text.ts'

/** Where exported bytes go. */
export interface ExportOutput {
  /** Resolves when the bytes are handed over, so that a slow reader slows us down. */
  write(bytes: Uint8Array): Promise<void>
  /** Everything was written. A file gets its name only now, so that half an export is never mistaken for a whole. */
  finish(): Promise<void>
  /** Not everything was written. What there is stays under another name, so that the export can be resumed. */
  giveUp(): Promise<void>
}

export interface ExportFlags {
  readonly format: 'ndjson' | 'csv'
  readonly output?: string
  readonly after?: number
  readonly bom?: true
}

/**
 * Opens `<output>.part`, with `--after` to append to what is there. Without `--output` it is stdout.
 * Throws CommandFailure.
 */
export async function openExportOutput(flags: ExportFlags, { stdout }: Surroundings): Promise<ExportOutput> {
  const { output } = flags
  if (output === undefined) return stdout.isTTY === true ? terminalOutput(stdout) : streamOutput(stdout)
  try {
    return await openFile(output, flags)
  } catch (error) {
    throw new CommandFailure(`${output} cannot be written: ${error instanceof Error ? error.message : error}`)
  }
}

async function openFile(output: string, { format, after }: ExportFlags): Promise<ExportOutput> {
  const isAdding = after !== undefined
  const there = await statOf(output)
  // A device or a pipe cannot be replaced by another file.
  if (there !== undefined && !there.isFile())
    return fileOutput(await open(output, 'w'), { skipsHeader: false })
  // The target of a link is replaced, not the link.
  const path = there === undefined ? output : await realpath(output)
  const part = `${path}.part`
  if (isAdding && there !== undefined && (await statOf(part)) === undefined) {
    await copyFile(path, part, constants.COPYFILE_FICLONE)
  }
  const file = await open(part, isAdding ? 'a' : 'w', there === undefined ? 0o600 : there.mode & 0o777)
  // A file that is appended to needs no second header.
  const skipsHeader = format === 'csv' && (await file.stat()).size > 0
  return fileOutput(file, { skipsHeader, names: { part, path } })
}

async function statOf(path: string) {
  try {
    return await stat(path)
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  }
}

interface FileOptions {
  readonly skipsHeader: boolean
  readonly names?: { readonly part: string; readonly path: string }
}

function fileOutput(file: FileHandle, { skipsHeader, names }: FileOptions): ExportOutput {
  let isHeaderDue = skipsHeader
  return {
    async write(bytes) {
      if (bytes.length === 0) return
      const start = isHeaderDue ? bytes.indexOf(0x0a) + 1 : 0
      isHeaderDue = false
      await file.appendFile(bytes.subarray(start))
    },
    async finish() {
      // Otherwise a power cut might leave the final name on a file that is not written yet.
      if (names !== undefined) await file.sync()
      await file.close()
      if (names !== undefined) await rename(names.part, names.path)
    },
    async giveUp() {
      const { size } = await file.stat()
      await file.close()
      if (names !== undefined && size === 0) await unlink(names.part)
    },
  }
}

function streamOutput(stream: NodeJS.WriteStream): ExportOutput {
  return {
    write: bytes => writeTo(stream, bytes),
    finish: async () => undefined,
    giveUp: async () => undefined,
  }
}

/** Nothing in a record may control the terminal. */
function terminalOutput(stream: NodeJS.WriteStream): ExportOutput {
  return {
    async write(bytes) {
      const lines = Buffer.from(bytes).toString().split(/\r?\n/).slice(0, -1)
      await writeLines(stream, lines.map(visibleJson))
    },
    finish: async () => undefined,
    giveUp: async () => undefined,
  }
}
