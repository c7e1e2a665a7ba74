import type { Command } from 'commander'
import { readConfig } from '../../config.ts'
import { addDatabaseOptions, configFlags, openConfiguredDatabase } from '../argument/server-options.ts'
import type { Surroundings } from '../argument/surroundings.ts'
import { createOutput } from '../terminal/output.ts'
import { readPresentation } from '../terminal/presentation.ts'

interface MigrateFlags {
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
    await runMigrate(command, surroundings)
  })
}

async function runMigrate(command: Command, surroundings: Surroundings): Promise<void> {
  const flags = command.opts<MigrateFlags>()
  const dryRun = flags.dryRun === true
  const config = readConfig({ env: surroundings.env, flags: configFlags(command.opts()) })
  const output = createOutput(surroundings, readPresentation(command, surroundings))
  const { migrate, pendingMigrations } = await import('../../database/migrate.ts')
  const database = await openConfiguredDatabase(config, !dryRun)
  try {
    const names = dryRun ? await pendingMigrations(database) : (await migrate(database)).applied
    const none = 'the database is up to date'
    await output.rows(
      names.map(migration => ({ migration })),
      { none },
    )
    if (names.length > 0) await output.note(`${names.length} ${dryRun ? 'to apply' : 'applied'}`)
  } finally {
    await database.close()
  }
}
