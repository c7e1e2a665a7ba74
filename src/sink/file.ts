import { constants } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../async/clock.ts'
import { DeliveryError, type Destination, type Item } from './destination.ts'
import { createFileFolder, type FileFolder } from './file-folder.ts'
import { readTail } from './ndjson-tail.ts'
import type { StoredSink } from './sink.ts'
import type { FileSink } from './target.ts'

export interface FileDeps {
  /** Its folder `sinks` holds the files. */
  readonly dataDir: string
  readonly clock: Clock
}

interface OpenFile {
  readonly handle: FileHandle
  readonly inode: number
  size: number
}

/**
 * Appends a line for each item, confirmed once it is on disk. A batch that was written but not confirmed is
 * recognised by its numbers, and a partial line is truncated: each number has one line.
 */
export function fileDestination(
  { id, created_time: createdTime }: StoredSink,
  { name, max_bytes: maxBytes, keep }: FileSink,
  { dataDir, clock }: FileDeps,
): Destination {
  const folder = createFileFolder({
    folder: join(dataDir, 'sinks'),
    name,
    mark: `${id} ${createdTime}\n`,
    keep,
    clock,
  })
  let file: OpenFile | undefined
  let lastNumber = 0

  async function opened(): Promise<OpenFile> {
    // Moving the file away starts a new one.
    if (file !== undefined && (await isThere(folder, file))) return file
    await close()
    await folder.prepare()
    const handle = await open(folder.path, constants.O_RDWR | constants.O_CREAT, 0o600)
    try {
      const { size, ino } = await handle.stat()
      const { end, number } = await readTail(handle, size)
      if (end < size) await handle.truncate(end)
      lastNumber = number ?? (await folder.lastAside()) ?? 0
      await folder.sync()
      file = { handle, inode: ino, size: end }
      return file
    } catch (error) {
      await handle.close()
      throw error
    }
  }

  async function append(items: readonly Item[]): Promise<void> {
    let at = await opened()
    const news = items.filter(item => item.number > lastNumber)
    for (let i = 0; i < news.length; ) {
      const { bytes, count } = fitting(news.slice(i), at.size, maxBytes)
      if (count === 0) {
        await at.handle.datasync()
        await folder.putAside(lastNumber)
        at = await opened()
        continue
      }
      await write(at, bytes)
      i += count
      lastNumber = news[i - 1]?.number ?? lastNumber
    }
    await at.handle.datasync()
  }

  async function close(): Promise<void> {
    const { handle } = file ?? {}
    file = undefined
    await handle?.close()
  }

  return {
    async deliver(items) {
      try {
        await append(items)
      } catch (cause) {
        // Reopening truncates a partial line.
        await close().catch(() => undefined)
        const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'it cannot be written'
        const lasting = needsPerson.has(code) ? 'refused' : undefined
        throw new DeliveryError(`file_failed: ${code}`, { lasting, cause })
      }
    },
    close,
  }
}

/** A full, missing or failing disk may recover; missing permissions or a path that is no file will not. */
const needsPerson: ReadonlySet<string> = new Set([
  'EACCES',
  'EPERM',
  'EISDIR',
  'ENOTDIR',
  'ELOOP',
  'ENAMETOOLONG',
])

async function isThere({ path }: FileFolder, { inode, size }: OpenFile): Promise<boolean> {
  const found = await stat(path).catch(() => undefined)
  return found?.ino === inode && found.size === size
}

/** As many lines as a file of this many bytes can take; an empty file takes one line of any length. */
function fitting(items: readonly Item[], begun: number, maxBytes: number) {
  const lines: Buffer[] = []
  let size = begun
  for (const { text } of items) {
    const line = Buffer.from(`${text}\n`)
    if (size > 0 && size + line.length > maxBytes) break
    lines.push(line)
    size += line.length
  }
  return { bytes: Buffer.concat(lines), count: lines.length }
}

async function write(file: OpenFile, bytes: Buffer): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.handle.write(bytes, done, bytes.length - done, file.size + done)
    done += bytesWritten
  }
  file.size += bytes.length
}
