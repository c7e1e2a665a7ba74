import { open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../async/clock.ts'
import { makePrivateFolder } from '../private-folder.ts'

/** The files of one sink: the current one and the rotated ones. */
export interface FileFolder {
  readonly path: string
  /** Creates the folder; files of an earlier sink of the same name are set aside. */
  prepare(): Promise<void>
  /** Rotates the current file; its last number becomes part of the name. Deletes the oldest beyond `keep`. */
  putAside(lastNumber: number): Promise<void>
  /** The last number of the most recently rotated file; undefined if there is none. */
  lastAside(): Promise<number | undefined>
  /** Makes created and renamed files survive a power cut. */
  sync(): Promise<void>
}

export interface FileFolderOptions {
  readonly folder: string
  /** The file's name without its ending. */
  readonly name: string
  /** Distinguishes this sink from every other. */
  readonly mark: string
  readonly keep: number
  readonly clock: Clock
}

export function createFileFolder({ folder, name, mark, keep, clock }: FileFolderOptions): FileFolder {
  const path = join(folder, `${name}.ndjson`)
  const markPath = join(folder, `${name}.sink`)

  /** Oldest first: their names begin with the time. */
  async function aside(): Promise<readonly string[]> {
    const files = await readdir(folder)
    return files.filter(file => file.startsWith(`${name}-`) && asideName.test(file.slice(name.length))).sort()
  }

  async function sync(): Promise<void> {
    const handle = await open(folder, 'r')
    await handle.sync().finally(() => handle.close())
  }

  async function forget(): Promise<void> {
    // Another sink's files never count as ours; they stay, under names that ours never use.
    const files = (await aside()).concat(`${name}.ndjson`)
    for (const file of files) {
      await rename(join(folder, file), join(folder, `old-${clock()}-${file}`)).catch(ignoreMissing)
    }
  }

  return {
    path,
    sync,
    async prepare() {
      await makePrivateFolder(folder)
      const known = await readFile(markPath, 'utf8').catch(ignoreMissing)
      if (known === mark) return
      await forget()
      await writeFile(markPath, mark, { mode: 0o600, flush: true })
      await sync()
    },
    async putAside(lastNumber) {
      const time = new Date(clock()).toISOString().replace(/[-:.]/g, '')
      await rename(path, join(folder, `${name}-${time}-${lastNumber}.ndjson`))
      await sync()
      const files = await aside()
      for (const file of files.slice(0, Math.max(0, files.length - keep))) await rm(join(folder, file))
    },
    async lastAside() {
      const number = asideName.exec((await aside()).at(-1)?.slice(name.length) ?? '')?.[1]
      return number === undefined ? undefined : Number(number)
    },
  }
}

const asideName = /^-\d{8}T\d{9}Z-(\d+)\.ndjson$/

function ignoreMissing(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
  throw error
}
