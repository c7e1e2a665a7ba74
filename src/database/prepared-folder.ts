import { hash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { migrationFolder, readMigrations } from './migration-file.ts'

/** Where the build puts what it makes, as seen from the sources and from the build. */
export const buildFolder = fileURLToPath(new URL('../../dist/', import.meta.url))

/** What names of prepared folders look like, of whatever engine and migrations. */
export const preparedName = /^database-[\da-f]{16}\.tar\.gz$/

/**
 * A migrated database without a row, for PGlite's `loadDataDir`: new data folders begin with it, because making one takes
 * five seconds of CPU. Undefined unless `src/prepare.ts` made one of this engine and these migrations.
 */
export async function readPreparedFolder(): Promise<Blob | undefined> {
  try {
    return new Blob([await readFile(await preparedPath())])
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

export async function preparedPath(): Promise<string> {
  const { version } = JSON.parse(await readFile(enginePackage, 'utf8')) as { version: string }
  const migrations = await readMigrations(migrationFolder)
  const made = JSON.stringify([version, migrations.map(({ name, checksum }) => [name, checksum])])
  return join(buildFolder, `database-${hash('sha256', made).slice(0, 16)}.tar.gz`)
}

// The package exports no package.json.
const enginePackage = join(
  createRequire(import.meta.url).resolve('@electric-sql/pglite'),
  '../../package.json',
)
