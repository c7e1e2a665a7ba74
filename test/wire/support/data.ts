import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Database, Engine } from '../../../src/database/database.ts'
import { openDatabase } from '../../../src/database/open.ts'
import { fillDataFolder } from '../../support/data-folder.ts'
import { createTestPostgres } from '../../support/databases.ts'

/** A migrated database that servers can be started on, and what makes them find it. */
export interface TestData {
  readonly env: Readonly<Record<string, string>>
  /** Undefined on PGlite. */
  readonly postgresUrl: string | undefined
  remove(): Promise<void>
}

/** Makes a database of its own; `prepare` is SQL that is run on it first, one statement. */
export async function createTestData(engine: Engine, prepare?: string): Promise<TestData> {
  const folder = await mkdtemp(join(tmpdir(), 'daybook-wire-'))
  const removeFolder = (): Promise<void> => rm(folder, { recursive: true, force: true })
  if (engine === 'pglite') {
    await fillDataFolder(folder)
    if (prepare !== undefined)
      await prepareAndClose(await openDatabase({ dataDir: folder, onError }), prepare)
    return { env: { DAYBOOK_DATA: folder }, postgresUrl: undefined, remove: removeFolder }
  }
  const { url, drop } = await createTestPostgres()
  if (prepare !== undefined) await prepareAndClose(await openDatabase({ url, onError }), prepare)
  return {
    env: { DAYBOOK_DATA: folder, DATABASE_URL: url },
    postgresUrl: url,
    remove: () => drop().finally(removeFolder),
  }
}

async function prepareAndClose(database: Database, sql: string): Promise<void> {
  try {
    await database.run({ name: undefined, sql, parameters: [] }, [])
  } finally {
    await database.close()
  }
}

function onError(error: unknown): never {
  throw error
}
