import { execFile } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { inject } from 'vitest'

const run = promisify(execFile)

/**
 * Puts a migrated PGlite into a data folder, where a server finds it at its first start: to make one takes it seconds.
 * It is copied as files: to open it for that would take almost as long.
 */
export async function fillDataFolder(folder: string): Promise<void> {
  const database = join(folder, 'database')
  await mkdir(database, { recursive: true, mode: 0o700 })
  await run('tar', ['-xf', inject('pgliteSnapshot'), '-C', database])
}
