import { createHash, randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PGlite } from '@electric-sql/pglite'
import { migrate } from '../../src/database/migrate.ts'
import { migrationFolder, readMigrations } from '../../src/database/migration-file.ts'
import { openPGlite } from '../../src/database/pglite.ts'

const cache = fileURLToPath(new URL('../../node_modules/.cache/daybook/', import.meta.url))
const pgliteEntry = createRequire(import.meta.url).resolve('@electric-sql/pglite')

/**
 * The path of a dump of a migrated PGlite, which opens in half a second where a new one takes four. It is kept
 * in `node_modules/.cache`, under a name that changes with PGlite and with every migration.
 */
export async function migratedSnapshot(): Promise<string> {
  const path = join(cache, `${await snapshotKey()}.tar`)
  if (existsSync(path)) return path
  await mkdir(cache, { recursive: true })
  await removeOld(Date.now() - 86_400_000)
  const draft = join(cache, `${randomUUID()}.new`)
  await writeFile(draft, await makeSnapshot())
  await rename(draft, path)
  return path
}

// A run of other migrations, of another checkout or a moment ago, may still use its own.
async function removeOld(before: number): Promise<void> {
  const names = await readdir(cache)
  for (const name of names.filter(each => each.endsWith('.tar'))) {
    const path = join(cache, name)
    if ((await stat(path)).mtimeMs < before) await rm(path)
  }
}

async function snapshotKey(): Promise<string> {
  const hash = createHash('sha256').update(await readFile(pgliteEntry))
  for (const { name, checksum } of await readMigrations(migrationFolder)) hash.update(name).update(checksum)
  return hash.digest('hex')
}

async function makeSnapshot(): Promise<Uint8Array> {
  const folder = await mkdtemp(join(tmpdir(), 'daybook-snapshot-'))
  try {
    const database = await openPGlite({ dataDir: folder, onError: fail })
    await migrate(database)
    await database.close()
    const pglite = await PGlite.create(join(folder, 'database'))
    const dump = await pglite.dumpDataDir('none')
    await pglite.close()
    return new Uint8Array(await dump.arrayBuffer())
  } finally {
    await rm(folder, { recursive: true })
  }
}

function fail(error: unknown): never {
  throw error
}
