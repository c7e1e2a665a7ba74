import type { Command } from 'commander'
import type { Sink } from '../client/client.ts'
import { isForPeople } from './presentation.ts'
import { confirmRemoval, requireConfirmable } from './removal.ts'
import { openSession } from './session.ts'
import { addSinksAddCommand } from './sinks-add.ts'
import type { Surroundings } from './surroundings.ts'

/** `daybook sinks …`: where a server sends changes to. */
export function addSinksCommand(program: Command, surroundings: Surroundings): void {
  const sinks = program
    .command('sinks')
    .description('manage the sinks of a server, which changes are sent to')
  sinks
    .command('list')
    .description('show all sinks, never their secrets')
    .action(async (_options: object, command: Command) => {
      const { client, output } = openSession(command, surroundings)
      const { sinks: found } = await client.call('sink_list', {})
      await output.rows(isForPeople(command, surroundings) ? found.map(brief) : found)
    })
  addSinksAddCommand(sinks, surroundings)
  sinks
    .command('status')
    .description('show how far all sinks have come, or one')
    .argument('[name]')
    .action(async (name: string | undefined, _options: object, command: Command) => {
      const { client, output } = openSession(command, surroundings)
      const { sinks: found } = await client.call('sink_status', name === undefined ? {} : { name })
      await output.rows(found)
    })
  addControl(sinks, surroundings, { name: 'pause', description: 'stop a sink; nothing is lost meanwhile' })
  addControl(sinks, surroundings, {
    name: 'resume',
    description: 'let a sink that was paused or failed go on where it stopped',
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

interface Control {
  readonly name: 'pause' | 'resume'
  readonly description: string
}

function addControl(sinks: Command, surroundings: Surroundings, { name: verb, description }: Control): void {
  sinks
    .command(verb)
    .description(description)
    .argument('<name>')
    .action(async (name: string, _options: object, command: Command) => {
      const { client, output } = openSession(command, surroundings)
      await output.record(await client.call(`sink_${verb}`, { name }))
    })
}

/** What fits a line of a terminal. */
function brief({ name, resource, target, state, format }: Sink): object {
  return { name, resource, target: place(target), format, state }
}

function place({ webhook, nats, file }: Sink['target']): string {
  if (webhook !== undefined) return `webhook ${webhook.url}`
  return nats === undefined ? `file ${file?.name}` : `nats ${nats.subject} at ${nats.servers.join(', ')}`
}
