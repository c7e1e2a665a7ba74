import type { Command } from 'commander'
import { readConfig } from '../config.ts'
import { createOutput } from './output.ts'
import {
  addDatabaseOptions,
  configFlags,
  openConfiguredDatabase,
  type ServerFlags,
} from './server-options.ts'
import type { Surroundings } from './surroundings.ts'

interface MigrateFlags extends ServerFlags {
  readonly dryRun?: true
  readonly json?: true
}

/** `daybook migrate`: brings the database up to date; `serve` does it too. */
export function addMigrateCommand(program: Command, surroundings: Surroundings): void {
  const migrate = program
    .command('migrate')
    .description('bring the database up to date, as serve does when it starts')
    .option('--dry-run', 'only list what would be applied')
  addDatabaseOptions(migrate).action(async (_flags: MigrateFlags, command: Command) => {
    await runMigrate(command.optsWithGlobals<MigrateFlags>(), surroundings)
  })
}

async function runMigrate(flags: MigrateFlags, surroundings: Surroundings): Promise<void> {
  const dryRun = flags.dryRun === true
  const config = readConfig({ env: surroundings.env, flags: configFlags(flags) })
  const output = createOutput(surroundings, flags.json === true)
  const { migrate, pendingMigrations } = await import('../database/migrate.ts')
  const database = await openConfiguredDatabase(config, !dryRun)
  try {
    const names = dryRun ? await pendingMigrations(database) : (await migrate(database)).applied
    await output.rows(names.map(migration => ({ migration })))
    await output.note(summary(names.length, dryRun))
  } finally {
    await database.close()
  }
}

function summary(count: number, dryRun: boolean): string {
  if (count === 0) return 'the database is up to date'
  return `${count} ${dryRun ? 'to apply' : 'applied'}`
}
