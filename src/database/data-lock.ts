import { chmod, readFile, rm, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { describeError, StartError } from './start-error.ts'

/** A folder kept for one process. PGlite has no lock of its own: two processes on one folder lose rows. */
export interface DataLock {
  release(): Promise<void>
}

/** SQLITE_BUSY, SQLite's result code for a file that another process has locked. */
const busy = 5

/**
 * Takes the lock of `folder`, or throws StartError. It is the kernel's (fcntl(2), through SQLite): it ends with its process,
 * and holds across containers, where a process number says nothing. The empty file stays: removing one that another process
 * has just opened would make two locks of it.
 */
export async function acquireDataLock(folder: string): Promise<DataLock> {
  const path = join(folder, 'server.lock')
  const ownerPath = join(folder, 'owner')
  const lock = await lockFile(path, () => describeOwner(ownerPath))
  try {
    // For people only.
    await writeFile(ownerPath, `process ${process.pid} on ${hostname()}\n`, { mode: 0o600 })
  } catch (error) {
    lock.close()
    throw new StartError(`${folder} cannot be written: ${describeError(error)}`, { cause: error })
  }
  return {
    async release() {
      if (!lock.isOpen) return
      await rm(ownerPath, { force: true })
      lock.close()
    },
  }
}

async function lockFile(path: string, describeOwner: () => Promise<string>): Promise<DatabaseSync> {
  const { DatabaseSync } = await import('node:sqlite')
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(path, { timeout: 0 })
    database.exec('begin exclusive')
    // By name: closing any handle of the file would release the locks of this process.
    await chmod(path, 0o600)
    return database
  } catch (error) {
    database?.close()
    if (error instanceof Error && 'errcode' in error && error.errcode === busy) {
      throw new StartError(`the data folder is in use by ${await describeOwner()}`)
    }
    throw new StartError(`${path} cannot be locked: ${describeError(error)}`, { cause: error })
  }
}

async function describeOwner(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch(() => '')
  return /^process \d+ on [^\n]*/.exec(text)?.[0] ?? 'another process'
}
