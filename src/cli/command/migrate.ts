import type { Command } from 'commander'
import { readConfig } from '../../config.ts'
import { addDatabaseOptions, configFlags, openConfiguredDatabase } from '../argument/server-options.ts'
import type { Surroundings } from '../argument/surroundings.ts'
import { outputOf } from '../terminal/output.ts'

/** `daybook migrate`: brings the database up to date; `serve` does it too. */
export function addMigrateCommand(program: Command, surroundings: Surroundings): void {
  const command = program
    .command('migrate')
    .description('bring the database up to date, as serve does when it starts')
    .option('--dry-run', 'only list what would be applied')
  addDatabaseOptions(command).action(async ({ dryRun, ...flags }: { readonly dryRun?: true }) => {
    const config = readConfig({ env: surroundings.env, flags: configFlags(flags) })
    const output = outputOf(command, surroundings)
    const { migrate, pendingMigrations } = await import('../../database/migrate.ts')
    const database = await openConfiguredDatabase(config, dryRun !== true)
    try {
      const names = dryRun ? await pendingMigrations(database) : (await migrate(database)).applied
      const rows = names.map(migration => ({ migration }))
      await output.rows(rows, { none: 'the database is up to date' })
      if (names.length > 0) await output.note(`${names.length} ${dryRun ? 'to apply' : 'applied'}`)
    } finally {
      await database.close()
    }
  })
}
