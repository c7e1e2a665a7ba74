import type { Command } from 'commander'
import type { Deletion } from '../../client/client.ts'
import { addConditions } from '../argument/condition-session.ts'
import type { Surroundings } from '../argument/surroundings.ts'
import { type AffectFlags, addAffectOptions, affect, type Deed, requireAnswer } from './affect.ts'

const deletion: Deed<Deletion> = {
  name: 'delete',
  past: 'deleted',
  found: answer => ({ count: answer.would_delete ?? 0, shown: answer }),
  act: ({ client, resource, condition }, bounds) => client.delete(resource, condition, bounds),
  show: (output, answer) => output.record(answer),
}

/** `daybook delete RESOURCE [CONDITION…]`: deletes what a query with the same conditions finds, once it is confirmed. */
export function addDeleteCommand(program: Command, surroundings: Surroundings): void {
  const command = program
    .command('delete')
    .description('delete the records that fulfil all conditions; shows them and asks first')
  addConditions(addAffectOptions(command, deletion), surroundings, {
    conditions: 'as for query; "all" for every record',
    check: (flags: AffectFlags) => requireAnswer(flags, deletion, surroundings),
    act: (session, flags) => affect(session, deletion, flags),
  })
}
