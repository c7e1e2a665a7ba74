import type { Command } from 'commander'
import { openSession } from '../argument/session.ts'
import type { Surroundings } from '../argument/surroundings.ts'
import { cronOf, member } from '../terminal/column.ts'
import { confirmRemoval, requireConfirmable } from '../terminal/question.ts'
import { addListCommand } from './list-command.ts'
import { addWorkersAddCommand } from './workers-add.ts'
import { showWorker } from './workers-display.ts'
import { addWorkersRunCommand } from './workers-run.ts'
import { addWorkersUpdateCommand } from './workers-update.ts'

/** `daybook workers …`: the script workers of a server. */
export function addWorkersCommand(program: Command, surroundings: Surroundings): void {
  const workers = program.command('workers').description('manage and run the script workers of a server')
  addListCommand(workers.command('list').description('show all script workers'), surroundings, {
    columns: [
      member('name'),
      member('route_name', 'route'),
      { title: 'schedule', kind: 'plain', read: cronOf },
      member('next_fire_time', 'next'),
      member('update_at', 'updated'),
    ],
    none: 'no script workers; daybook workers add makes one',
    find: async client => (await client.call('js-worker_list', {})).workers,
  })
  addWorkersAddCommand(workers, surroundings)
  workers
    .command('show')
    .description('show a script worker and its source, secrets of its env as ***')
    .argument('<name>')
    .action(async (name: string, _options: object, command: Command) => {
      const session = openSession(command, surroundings)
      await showWorker(await session.client.call('js-worker_read', { name }), session)
    })
  addWorkersUpdateCommand(workers, surroundings)
  addWorkersRunCommand(workers, surroundings)
  workers
    .command('rm')
    .description('delete a script worker; the records of its runs stay')
    .argument('<name>')
    .option('-y, --yes', 'do not ask')
    .action(async (name: string, flags: { readonly yes?: true }, command: Command) => {
      requireConfirmable(flags, surroundings)
      const { client, output } = openSession(command, surroundings)
      // First: nobody should be asked about a mistyped name.
      if (flags.yes !== true) await client.call('js-worker_read', { name })
      if (!(await confirmRemoval(`script worker ${name}`, flags, surroundings))) {
        return output.note('nothing deleted')
      }
      await output.record(await client.call('js-worker_delete', { name }))
    })
}
