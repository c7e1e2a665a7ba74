import type { Command } from 'commander'
import { monitor } from '../../monitor/monitor.ts'
import { conditionHelp, openConditionSession } from '../argument/condition-session.ts'
import { addFlags, readFlags } from '../argument/definition-flags.ts'
import type { Surroundings } from '../argument/surroundings.ts'
import { member } from '../terminal/column.ts'
import { UsageError } from '../terminal/failure.ts'
import { addVerb, beginDefinitionCommand } from './definition.ts'
import { addListCommand } from './list-command.ts'

/** `daybook monitors …`: what a server counts again and again, and sends events about. */
export function addMonitorsCommand(program: Command, surroundings: Surroundings): void {
  const commands = beginDefinitionCommand(program, surroundings, monitor)
  addVerb(commands, 'list')
  addAddCommand(commands.parent, surroundings)
  const status = commands.parent.command('status').description('show where all monitors stand, or one')
  addListCommand(status, surroundings, {
    takesName: true,
    columns: [
      member('name'),
      member('state'),
      member('since'),
      member('count'),
      member('evaluated_time', 'evaluated'),
      member('next_time', 'next'),
      member('last_error', 'error', 'line'),
    ],
    none: monitor.command?.none ?? '',
    find: async (client, name) =>
      (await client.call('monitor_status', name === undefined ? {} : { name })).monitors,
  })
  addVerb(commands, 'read')
  addVerb(commands, 'update')
  addVerb(commands, 'delete')
}

function addAddCommand(monitors: Command, surroundings: Surroundings): void {
  const add = monitors
    .command('add')
    .description('make a monitor; --at-least or --at-most says when it fires')
    .argument('<name>')
    .argument('<resource>', 'what it counts: js-result, event-log, …')
    .argument('[conditions...]', 'which of them; all when none is given')
    .addHelpText('after', conditionHelp)
  addFlags(add, monitor, 'create').action(
    async (name: string, resource: string, conditions: readonly string[]) => {
      const given = await readFlags(monitor, add, 'create')
      const { when, window_ms, every_ms, event } = given
      if (when === undefined || Object.keys(when).length !== 1) {
        throw new UsageError('say when it fires: one of --at-least and --at-most')
      }
      if (window_ms === undefined || every_ms === undefined || event?.sender === undefined) {
        throw new UsageError('--window, --every and --sender are needed')
      }
      const session = await openConditionSession({ resource, conditions, command: add, surroundings })
      const { client, output, condition } = session
      const created = await client.call('monitor_create', {
        ...given,
        name,
        resource: session.resource,
        query: { condition },
        window_ms,
        every_ms,
        when,
        event: { ...event, sender: event.sender },
      })
      await output.record(created)
    },
  )
}
