import { sql } from 'kysely'
import type { Database, Runner } from './database.ts'
import { type MigrationFile, migrationFolder, readMigrations, selectPending } from './migration-file.ts'
import { describeError, StartError } from './start-error.ts'

export interface MigrateOptions {
  /** Where the `NNNN_what.sql` are, a URL that ends in `/`. Default: `sql/` of this package. */
  readonly folder?: URL
}

// Any number, the same in every Daybook.
const lockKey = 7_411_000_001

/**
 * Brings the database up to date, each migration in a transaction with its row of table `migration`. Any number
 * of servers may call it at once: each migration is applied by one of them. Throws StartError, see selectPending,
 * and when a migration fails: those before it stay.
 */
export async function migrate(
  database: Database,
  options: MigrateOptions = {},
): Promise<{ applied: string[] }> {
  const files = await readMigrations(options.folder ?? migrationFolder)
  const applied: string[] = []
  for (const file of selectPending(files, await readApplied(database))) {
    if (await applyOne(database, files, file)) applied.push(file.name)
  }
  return { applied }
}

/** The names of the migrations that `migrate` would apply. Throws StartError as it does. */
export async function pendingMigrations(database: Database, options: MigrateOptions = {}): Promise<string[]> {
  const files = await readMigrations(options.folder ?? migrationFolder)
  return selectPending(files, await readApplied(database)).map(file => file.name)
}

async function applyOne(
  database: Database,
  files: readonly MigrationFile[],
  file: MigrationFile,
): Promise<boolean> {
  try {
    return await database.transaction(runner => apply(runner, files, file))
  } catch (error) {
    if (error instanceof StartError) throw error
    throw new StartError(`the migration ${file.name} failed: ${describeError(error)}`, { cause: error })
  }
}

/**
 * The lock is the transaction's, not the session's: it needs no connection of its own and survives a pooler.
 * What another server did while we waited for it is read after it is held.
 */
async function apply(runner: Runner, files: readonly MigrationFile[], file: MigrationFile): Promise<boolean> {
  const { kysely } = runner
  // Waiting for another server, or building an index on millions of rows, may take longer than any request.
  await sql`set local statement_timeout = 0`.execute(kysely)
  await sql`select pg_advisory_xact_lock(${lockKey})`.execute(kysely)
  await sql`create table if not exists migration (
    name         text collate "C" primary key,
    checksum     text not null,
    applied_time timestamptz not null default now()
  )`.execute(kysely)
  if (!selectPending(files, await readApplied(runner)).includes(file)) return false
  await kysely.insertInto('migration').values({ name: file.name, checksum: file.checksum }).execute()
  await sql.raw(file.sql).execute(kysely)
  return true
}

async function readApplied({ kysely }: Runner): Promise<ReadonlyMap<string, string>> {
  const table = await sql<{ oid: number | null }>`select to_regclass('migration')::oid as oid`.execute(kysely)
  if (table.rows[0]?.oid == null) return new Map()
  const rows = await kysely.selectFrom('migration').select(['name', 'checksum']).execute()
  return new Map(rows.map(row => [row.name, row.checksum]))
}
