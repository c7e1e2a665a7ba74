import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Command, Option } from 'commander'
import { defaultText, settings } from '../../config/settings.ts'
import type { Config, ConfigSource, Variable } from '../../config.ts'
import type { Database } from '../../database/database.ts'
import type { DatabaseOptions } from '../../database/open.ts'

/** The options that give a setting on the command line. */
const settingFlags = {
  HOST: '--host <address>',
  PORT: '--port <port>',
  DAYBOOK_WORKERS: '--workers <number>',
  DAYBOOK_HANDLERS: '--handlers <folder>',
  LOG_LEVEL: '--log-level <level>',
  DAYBOOK_DATA: '--data <folder>',
  DATABASE_URL: '--database-url <url>',
  DAYBOOK_URL: '--url <url>',
  DAYBOOK_TOKEN: '--token <credential>',
  DAYBOOK_PROFILE: '--profile <name>',
} as const satisfies Partial<Record<Variable, string>>

type FlagVariable = keyof typeof settingFlags

/** Adds the options that give these settings, in this order. */
export function addSettingOptions(command: Command, ...variables: readonly FlagVariable[]): Command {
  for (const variable of variables) {
    const setting = settings[variable]
    const fallback = defaultText(setting)
    const summary = setting.summary.replaceAll('`', '')
    const source = `${variable}${fallback && `, default ${fallback}`}`
    command.option(settingFlags[variable], `${summary} (${source})`)
  }
  return command
}

/** The options of the commands that reach the database themselves. */
export function addDatabaseOptions(command: Command): Command {
  return addSettingOptions(command, 'DAYBOOK_DATA', 'DATABASE_URL')
}

/** What the options of `addSettingOptions` give the configuration; `options` are as commander hands them over. */
export function configFlags(options: Readonly<Record<string, unknown>>): NonNullable<ConfigSource['flags']> {
  const given = Object.entries(settingFlags).map(([variable, flags]) => [
    variable,
    options[new Option(flags).attributeName()],
  ])
  return Object.fromEntries(given)
}

/** Whether there is a database to open: only `serve` and `migrate` make the embedded one. */
export function hasDatabase({ databaseUrl, data }: Config): boolean {
  return databaseUrl !== undefined || existsSync(join(data, 'database'))
}

/** More options of the database that a command may give. */
export type DatabaseWishes = Partial<Pick<DatabaseOptions, 'readUrl' | 'readMaxLagMs' | 'onError'>>

/**
 * Opens the configured database; if there is none yet, one in memory, so that looking makes nothing.
 * Throws StartError.
 */
export async function openConfiguredDatabase(
  config: Config,
  mayCreate: boolean,
  wishes: DatabaseWishes = {},
): Promise<Database> {
  // Loaded only here: it would slow down the start of the commands that speak to a server.
  const { openDatabase } = await import('../../database/open.ts')
  return openDatabase({
    url: config.databaseUrl,
    listenUrl: config.databaseListenUrl,
    prepare: config.databasePrepare === 'on',
    dataDir: mayCreate || hasDatabase(config) ? config.data : undefined,
    poolMax: 1,
    onError: ignoreBackgroundError,
    ...wishes,
  })
}

/** The caller that awaits the database sees its error; there is nobody else to tell. */
function ignoreBackgroundError(): void {}
