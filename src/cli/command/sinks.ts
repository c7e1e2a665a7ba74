import type { Command } from 'commander'
import type { Sink } from '../../client/client.ts'
import { openSession } from '../argument/session.ts'
import type { Surroundings } from '../argument/surroundings.ts'
import { member } from '../terminal/column.ts'
import { confirmRemoval, requireConfirmable } from '../terminal/question.ts'
import { durationText } from '../terminal/time-text.ts'
import { addListCommand } from './list-command.ts'
import { addSinksAddCommand } from './sinks-add.ts'

const none = 'no sinks; daybook sinks add makes one'

/** `daybook sinks …`: where a server sends changes to. */
export function addSinksCommand(program: Command, surroundings: Surroundings): void {
  const sinks = program
    .command('sinks')
    .description('manage the sinks of a server, which changes are sent to')
  addListCommand(sinks.command('list').description('show all sinks, never their secrets'), surroundings, {
    columns: [
      member('name'),
      member('resource'),
      { title: 'target', kind: 'plain', read: ({ target }) => place(target as Sink['target']) },
      member('format'),
      member('state'),
    ],
    none,
    find: async client => (await client.call('sink_list', {})).sinks,
  })
  addSinksAddCommand(sinks, surroundings)
  addListCommand(
    sinks.command('status').description('show how far all sinks have come, or one'),
    surroundings,
    {
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
      none,
      find: async (client, name) =>
        (await client.call('sink_status', name === undefined ? {} : { name })).sinks,
    },
  )
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
  sinks
    .command('remove')
    .description('delete a sink; what it has sent stays where it is')
    .argument('<name>')
    .option('-y, --yes', 'do not ask')
    .action(async (name: string, flags: { readonly yes?: true }, command: Command) => {
      requireConfirmable(flags, surroundings)
      const { client, output } = openSession(command, surroundings)
      // First of all: nobody should be asked about a name that is mistyped.
      if (flags.yes !== true) await client.call('sink_read', { name })
      if (!(await confirmRemoval(`sink ${name}`, flags, surroundings))) return output.note('nothing deleted')
      await output.record(await client.call('sink_delete', { name }))
    })
}

function place({ webhook, nats, file }: Sink['target']): string {
  if (webhook !== undefined) return `webhook ${webhook.url}`
  return nats === undefined ? `file ${file?.name}` : `nats ${nats.subject} at ${nats.servers.join(', ')}`
}
