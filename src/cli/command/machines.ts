import type { Command } from 'commander'
import type { Surroundings } from '../argument/surroundings.ts'
import { member } from '../terminal/column.ts'
import { addListCommand } from './list-command.ts'

/** `daybook machines`: who is alive. */
export function addMachinesCommand(program: Command, surroundings: Surroundings): void {
  const machines = program
    .command('machines')
    .description('show the servers and remote workers that have reported, and which of them are alive')
  addListCommand(machines, surroundings, {
    columns: [
      member('name'),
      member('kind'),
      member('host_name', 'host'),
      member('status'),
      member('is_unresponsive', 'unresponsive'),
      member('reporting_time', 'reported'),
      member('created_time', 'first seen'),
    ],
    none: 'no machines that this token may see',
    find: async client => (await client.call('machine_list', {})).machines,
  })
}
