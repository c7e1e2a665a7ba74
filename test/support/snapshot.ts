import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { prepareFolder } from '../../src/database/prepare-folder.ts'

const cache = fileURLToPath(new URL('../../node_modules/.cache/daybook/', import.meta.url))

/**
 * The path of a dump of a migrated PGlite, which opens in half a second where a new one takes four. It is kept
 * in `node_modules/.cache`, under a name that changes with PGlite and with every migration.
 */
export async function migratedSnapshot(): Promise<string> {
  const prepared = await prepareFolder()
  const path = join(cache, basename(prepared, '.gz'))
  if (existsSync(path)) return path
  await mkdir(cache, { recursive: true })
  await removeOld(Date.now() - 86_400_000)
  const draft = join(cache, `${randomUUID()}.new`)
  await writeFile(draft, gunzipSync(await readFile(prepared)))
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
