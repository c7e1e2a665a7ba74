import type { Command } from 'commander'
import type { EventHandler } from '../../client/client.ts'
import { openSession } from '../argument/session.ts'
import type { Surroundings } from '../argument/surroundings.ts'
import { cronOf, member } from '../terminal/column.ts'
import { confirmRemoval, requireConfirmable } from '../terminal/question.ts'
import { addHandlersAddCommand } from './handlers-add.ts'
import { addListCommand } from './list-command.ts'

/** `daybook handlers …`: the event handlers of a server. */
export function addHandlersCommand(program: Command, surroundings: Surroundings): void {
  const handlers = program.command('handlers').description('manage the event handlers of a server')
  addListCommand(handlers.command('list').description('show all handlers'), surroundings, {
    columns: [
      member('full_name', 'name'),
      member('sender'),
      member('event_type', 'type'),
      { title: 'target', kind: 'plain', read: ({ target }) => place(target as EventHandler['target']) },
      { title: 'schedule', kind: 'plain', read: cronOf },
      member('enabled'),
    ],
    none: 'no handlers; daybook handlers add makes one',
    find: async client => (await client.call('event-handler_list', {})).handlers,
  })
  addHandlersAddCommand(handlers, surroundings)
  handlers
    .command('show')
    .description('show a handler, never the secret of its webhook')
    .argument('<full-name>')
    .action(async (fullName: string, _options: object, command: Command) => {
      const { client, output } = openSession(command, surroundings)
      await output.record(await client.call('event-handler_read', { full_name: fullName }))
    })
  addSwitch(handlers, surroundings, {
    name: 'enable',
    description: 'let a handler take events again',
    enabled: true,
  })
  addSwitch(handlers, surroundings, {
    name: 'disable',
    description: 'let a handler take no more events; what waits for it still runs',
    enabled: false,
  })
  handlers
    .command('rm')
    .description('delete a handler; what waits for it fails')
    .argument('<full-name>')
    .option('-y, --yes', 'do not ask')
    .action(async (fullName: string, flags: { readonly yes?: true }, command: Command) => {
      requireConfirmable(flags, surroundings)
      const { client, output } = openSession(command, surroundings)
      // First: nobody should be asked about a mistyped name.
      if (flags.yes !== true) await client.call('event-handler_read', { full_name: fullName })
      if (!(await confirmRemoval(`handler ${fullName}`, flags, surroundings))) {
        return output.note('nothing deleted')
      }
      await output.record(await client.call('event-handler_delete', { full_name: fullName }))
    })
}

interface Switch {
  readonly name: string
  readonly description: string
  readonly enabled: boolean
}

function addSwitch(
  handlers: Command,
  surroundings: Surroundings,
  { name, description, enabled }: Switch,
): void {
  handlers
    .command(name)
    .description(description)
    .argument('<full-name>')
    .action(async (fullName: string, _options: object, command: Command) => {
      const { client, output } = openSession(command, surroundings)
      await output.record(await client.call('event-handler_update', { full_name: fullName, enabled }))
    })
}

function place(target: EventHandler['target']): string {
  if (target.kind === 'js_worker') return `script ${target.name}`
  return target.kind === 'webhook' ? `webhook ${target.url}` : target.kind
}
