import type { TestProject } from 'vitest/node'
import type { Engine } from '../../src/database/database.ts'
import { migrate } from '../../src/database/migrate.ts'
import { openDatabase } from '../../src/database/open.ts'
import { createPostgresDatabase, type PostgresDatabase } from './postgres-database.ts'
import { startPostgres } from './postgres-server.ts'
import { splitTables } from './small-partitions.ts'
import { migratedSnapshot } from './snapshot.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** The engines on which the project runs the shared suites. */
    engines: readonly Engine[]
    /** How often it repeats what is random. */
    repetitions: 'all' | 'sample'
    /** How many ids each of the first ranges of a table has; 0: a table is one range, as a new one is. */
    partitionRows: number
    /** A PostgreSQL server, for `createPostgresDatabase`. */
    postgresUrl: string
    /** The name of its migrated database, and how to copy it; it is never opened. */
    postgresTemplate: string
    /** The file of a migrated PGlite. */
    pgliteSnapshot: string
  }
}

/** One server for the run: that of TEST_DATABASE_URL, else one of our own. Returns what ends it. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env.TEST_DATABASE_URL
  const [server, snapshot] = await Promise.all([
    given === undefined ? startPostgres() : { url: given, isInMemory: false, stop: async () => undefined },
    migratedSnapshot(),
  ])
  const template = await createTemplate(server.url, project.config.provide.partitionRows ?? 0)
  project.provide('postgresUrl', server.url)
  // By way of the WAL a copy costs less on a disk, as files less in memory.
  project.provide(
    'postgresTemplate',
    server.isInMemory ? `${template.name} strategy file_copy` : template.name,
  )
  project.provide('pgliteSnapshot', snapshot)
  return async () => {
    await template.drop()
    await server.stop()
  }
}

async function createTemplate(url: string, partitionRows: number): Promise<PostgresDatabase> {
  const template = await createPostgresDatabase(url)
  const database = await openDatabase({
    url: template.url,
    onError(error) {
      throw error
    },
  })
  await migrate(database)
  await splitTables(database, partitionRows)
  await database.close()
  return template
}
