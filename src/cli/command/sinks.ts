import type { Command } from 'commander'
import { sink } from '../../sink/sink.ts'
import { openSession } from '../argument/session.ts'
import type { Surroundings } from '../argument/surroundings.ts'
import { member } from '../terminal/column.ts'
import { durationText } from '../terminal/time-text.ts'
import { addVerb, beginDefinitionCommand } from './definition.ts'
import { addListCommand } from './list-command.ts'
import { addSinksAddCommand } from './sinks-add.ts'

/** `daybook sinks …`: where a server sends changes to. */
export function addSinksCommand(program: Command, surroundings: Surroundings): void {
  const commands = beginDefinitionCommand(program, surroundings, sink)
  const sinks = commands.parent
  addVerb(commands, 'list')
  addSinksAddCommand(sinks, surroundings)
  const status = sinks.command('status').description('show how far all sinks have come, or one')
  addListCommand(status, surroundings, {
    takesName: true,
    columns: [
      member('name'),
      member('state'),
      member('cursor'),
      member('lag'),
      { title: 'age', kind: 'plain', read: ({ age_ms: age }) => durationText(Number(age)) },
      member('delivered'),
      member('last_delivered', 'last'),
      member('last_error', 'error', 'line'),
    ],
    none: sink.command?.none ?? '',
    find: async (client, name) =>
      (await client.call('sink_status', name === undefined ? {} : { name })).sinks,
  })
  sinks
    .command('pause')
    .description('stop a sink; nothing is lost meanwhile, as long as its changes are kept')
    .argument('<name>')
    .action(async (name: string, _flags: object, command: Command) => {
      const { client, output } = openSession(command, surroundings)
      await output.record(await client.call('sink_pause', { name }))
    })
  sinks
    .command('resume')
    .description('let a sink that was paused or failed go on where it stopped')
    .argument('<name>')
    .option('--skip-lost', 'go on behind the changes that are not kept any more')
    .action(async (name: string, flags: { readonly skipLost?: true }, command: Command) => {
      const { client, output } = openSession(command, surroundings)
      await output.record(await client.call('sink_resume', { name, skip_lost: flags.skipLost === true }))
    })
  addVerb(commands, 'delete')
}
