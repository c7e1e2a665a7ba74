import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import type { Config, ConfigSource } from '../../config.ts'
import type { Database } from '../../database/database.ts'
import type { DatabaseOptions } from '../../database/open.ts'

/** As commander hands them over. */
export interface ServerFlags {
  readonly host?: string
  readonly port?: string
  readonly workers?: string
  readonly data?: string
  readonly databaseUrl?: string
  readonly logLevel?: string
  readonly handlers?: string
}

/** The options of the commands that reach the database themselves. */
export function addDatabaseOptions(command: Command): Command {
  return command
    .option('--data <folder>', 'the data folder; else DAYBOOK_DATA, else .daybook')
    .option(
      '--database-url <url>',
      'PostgreSQL; else DATABASE_URL, else PGHOST, else the embedded one in the data folder',
    )
}

/** What the options of such a command mean to the configuration. */
export function configFlags(flags: ServerFlags): NonNullable<ConfigSource['flags']> {
  const { host, port, workers, data, databaseUrl, logLevel, handlers } = flags
  return { host, port, workers, dataDir: data, databaseUrl, logLevel, handlersDir: handlers }
}

/** Whether there is anything to open: the embedded database is only made by `serve` and `migrate`. */
export function hasDatabase({ databaseUrl, dataDir }: Config): boolean {
  return databaseUrl !== undefined || existsSync(join(dataDir, 'database'))
}

/** What else a command wants of the database. */
export type DatabaseWishes = Partial<Pick<DatabaseOptions, 'readUrl' | 'readMaxLagMs' | 'onError'>>

/**
 * Opens the configured database; one that is not made yet is opened in memory, so that looking makes nothing.
 * Throws StartError.
 */
export async function openConfiguredDatabase(
  config: Config,
  mayCreate: boolean,
  wishes: DatabaseWishes = {},
): Promise<Database> {
  // Loaded only here: the commands that speak to a server would start slower for it.
  const { openDatabase } = await import('../../database/open.ts')
  return openDatabase({
    url: config.databaseUrl,
    listenUrl: config.databaseListenUrl,
    prepare: config.databasePrepare === 'on',
    dataDir: mayCreate || hasDatabase(config) ? config.dataDir : undefined,
    poolMax: 1,
    onError: ignoreBackgroundError,
    ...wishes,
  })
}

/** Whoever waits for the database sees its error; there is nobody else here to tell. */
function ignoreBackgroundError(): void {}
