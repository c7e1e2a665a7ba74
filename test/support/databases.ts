import { openAsBlob } from 'node:fs'
import { afterAll, describe, inject, onTestFinished, TestRunner } from 'vitest'
import type { Database, Engine } from '../../src/database/database.ts'
import { type DatabaseOptions, openDatabase } from '../../src/database/open.ts'
import { openPGlite } from '../../src/database/pglite.ts'
import { createPostgresDatabase, type PostgresDatabase } from './postgres-database.ts'
import { splitTables } from './small-partitions.ts'

/** The engines of this vitest project: a shared suite runs on each of them. */
export const engines: readonly Engine[] = inject('engines')

/** Opens a fresh, migrated database; `close` removes it. */
export type OpenTestDatabase = (options?: Partial<DatabaseOptions>) => Promise<Database>

/**
 * Runs a suite on both engines. `open` gives a database of its own each time it is called, and closes it after the
 * test, or after the suite when it is called from `beforeAll`.
 */
export function describeEngines(name: string, suite: (open: OpenTestDatabase, engine: Engine) => void): void {
  describe.each(engines)(`${name} (%s)`, engine => {
    const ofSuite: Database[] = []
    afterAll(() => closeAll(ofSuite))
    suite(async options => {
      const database = await openTestDatabase(engine, options)
      if (TestRunner.getCurrentTest() === undefined) ofSuite.push(database)
      else onTestFinished(() => database.close())
      return database
    }, engine)
  })
}

async function closeAll(databases: readonly Database[]): Promise<void> {
  await Promise.all(databases.map(database => database.close()))
}

/** Opens a fresh, migrated database; the caller closes it, and that removes it. */
export async function openTestDatabase(
  engine: Engine,
  options: Partial<DatabaseOptions> = {},
): Promise<Database> {
  const onError = options.onError ?? rethrow
  if (engine === 'pglite') {
    const snapshot = await openAsBlob(inject('pgliteSnapshot'))
    const embedded = await openPGlite({ ...options, snapshot, onError })
    await splitTables(embedded, inject('partitionRows'))
    return embedded
  }
  const own = await createTestPostgres()
  const database = await openDatabase({ ...options, url: own.url, onError })
  let closing: Promise<void> | undefined
  return Object.create(database, {
    close: { value: () => (closing ??= database.close().then(own.drop)) },
  })
}

/** A fresh, migrated database on the PostgreSQL server of this run, for tests that open it themselves. */
export function createTestPostgres(): Promise<PostgresDatabase> {
  return createPostgresDatabase(inject('postgresUrl'), inject('postgresTemplate'))
}

/** An empty one, without any table. */
export function createEmptyPostgres(): Promise<PostgresDatabase> {
  return createPostgresDatabase(inject('postgresUrl'))
}

function rethrow(error: unknown): never {
  throw error
}
