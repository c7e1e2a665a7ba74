import { randomUUID } from 'node:crypto'
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type LockOwner, mayBeAlive, parseLockOwner, thisProcess } from './lock-owner.ts'
import { StartError } from './start-error.ts'

/** A folder kept for one process. PGlite has no lock of its own: two processes on one folder lose rows. */
export interface DataLock {
  release(): Promise<void>
}

/** Takes the lock of `folder`, also from a process that is dead. Throws StartError naming a living owner. */
export async function acquireDataLock(folder: string): Promise<DataLock> {
  return acquire(join(folder, 'lock'))
}

async function acquire(path: string): Promise<DataLock> {
  const self = await thisProcess(randomUUID())
  const draft = `${path}.${self.id}.new`
  // Written aside, so that the file under its own name is whole from the first moment.
  await writeFile(draft, JSON.stringify(self), { mode: 0o600, flag: 'wx' })
  try {
    while (!(await createFrom(draft, path))) {
      const owner = await readOwner(path)
      if (owner === undefined) continue
      if (await mayBeAlive(owner)) throw inUse(path, owner)
      if (await takeOver(draft, path, owner)) break
    }
  } finally {
    await rm(draft, { force: true })
  }
  return { release: () => release(path, self) }
}

/** link(2) fails when the name is taken: of two that try at once, one wins. */
async function createFrom(draft: string, path: string): Promise<boolean> {
  try {
    await link(draft, path)
    return true
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false
    throw error
  }
}

/**
 * Only the holder of a second lock, named after the dead owner's id, may replace the file, and only while it
 * still is that owner's. Without it, the slower of two could replace what the faster has just taken.
 */
async function takeOver(draft: string, path: string, dead: LockOwner): Promise<boolean> {
  const right = await acquire(`${path}.${dead.id}`)
  try {
    const owner = await readOwner(path)
    if (owner?.id !== dead.id) return false
    await rename(draft, path)
    return true
  } finally {
    await right.release()
  }
}

async function release(path: string, self: LockOwner): Promise<void> {
  const owner = await readOwner(path)
  if (owner?.id === self.id) await rm(path, { force: true })
}

/** Undefined when there is no such file any more. */
async function readOwner(path: string): Promise<LockOwner | undefined> {
  try {
    return parseLockOwner(await readFile(path, 'utf8'))
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw new StartError(`${path} cannot be read; delete it if no other server uses this folder`, {
      cause: error,
    })
  }
}

function inUse(path: string, owner: LockOwner): StartError {
  const text = `the data folder is in use by process ${owner.pid} on ${owner.host}`
  return new StartError(`${text}; if that process is gone, delete ${path}`)
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
