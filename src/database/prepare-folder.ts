import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { migrate } from './migrate.ts'
import { openPGlite } from './pglite.ts'
import { startEngine } from './pglite-engine.ts'
import { withBaseline } from './pglite-module.ts'
import { buildFolder, preparedName, preparedPath } from './prepared-folder.ts'

/** Makes what `readPreparedFolder` reads, unless it is there, and removes those of other versions. Answers its path. */
export async function prepareFolder(): Promise<string> {
  const path = await preparedPath()
  if (existsSync(path)) return path
  await mkdir(buildFolder, { recursive: true })
  const draft = join(buildFolder, `${randomUUID()}.new`)
  await writeFile(draft, await makeFolder())
  await rename(draft, path)
  for (const name of await readdir(buildFolder)) {
    const each = join(buildFolder, name)
    if (preparedName.test(name) && each !== path) await rm(each, { force: true })
  }
  return path
}

async function makeFolder(): Promise<Uint8Array> {
  const dataDir = await mkdtemp(join(tmpdir(), 'daybook-prepare-'))
  try {
    const database = await openPGlite({ dataDir, onError: fail })
    await migrate(database)
    await database.close()
    const engine = await withBaseline(() => startEngine({ dataDir: join(dataDir, 'database') }))
    const dump = await engine.dumpDataDir('gzip')
    await engine.close()
    return new Uint8Array(await dump.arrayBuffer())
  } finally {
    await rm(dataDir, { recursive: true })
  }
}

function fail(error: unknown): never {
  throw error
}
