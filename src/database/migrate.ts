import { sql } from 'kysely'
import type { Database, Runner } from './database.ts'
import { locks, withAdvisoryLock } from './locks.ts'
import { type MigrationFile, migrationFolder, readMigrations, selectPending } from './migration-file.ts'
import { requireRights } from './rights.ts'
import { describeError, StartError } from './start-error.ts'

export interface MigrateOptions {
  /** Where the `NNNN_what.sql` are, a URL that ends in `/`. Default: `sql/` of this package. */
  readonly folder?: URL
}

/**
 * Brings the database up to date, each migration in a transaction with its row of table `migration`. Any number
 * of servers may call it at once: each migration is applied by one of them. Throws StartError, see selectPending,
 * and requireRights, and when a migration fails: those before it stay.
 */
export async function migrate(
  database: Database,
  options: MigrateOptions = {},
): Promise<{ applied: string[] }> {
  const files = await readMigrations(options.folder ?? migrationFolder)
  await requireRights(database, false)
  const applied: string[] = []
  const pending = selectPending(files, await readApplied(database))
  if (pending.length === 0) return { applied }
  await requireRights(database, true)
  for (const file of pending) {
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
    // Waiting for another server, or indexing millions of rows, takes longer than a request may.
    return await database.transaction(
      runner => withAdvisoryLock(runner, locks.migrating, () => apply(runner, files, file)),
      { isLong: true },
    )
  } catch (error) {
    if (error instanceof StartError) throw error
    const help = isForbidden(error) ? ': run daybook migrate as the role that owns the tables' : ''
    throw new StartError(`the migration ${file.name} failed: ${describeError(error)}${help}`, {
      cause: error,
    })
  }
}

/** PostgreSQL's "insufficient privilege". */
function isForbidden(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  return ('code' in error && error.code === '42501') || isForbidden(error.cause)
}

/** Another server may have applied it while we waited for the lock. */
async function apply(runner: Runner, files: readonly MigrationFile[], file: MigrationFile): Promise<boolean> {
  const { kysely } = runner
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
  // In our own schema: another of the search_path may have a table of that name, even another Daybook's.
  const table = await sql<{ oid: number | null }>`
    select to_regclass(format('%I.migration', current_schema()))::oid as oid`.execute(kysely)
  if (table.rows[0]?.oid == null) return new Map()
  const rows = await kysely.selectFrom('migration').select(['name', 'checksum']).execute()
  return new Map(rows.map(row => [row.name, row.checksum]))
}
