import type { Command } from 'commander'
import { conditionHelp, openConditionSession } from './condition-session.ts'
import type { Surroundings } from './surroundings.ts'

/** `daybook query RESOURCE [CONDITION…]`: the records that fulfil all conditions, newest first. */
export function addQueryCommand(program: Command, surroundings: Surroundings): void {
  program
    .command('query')
    .description('show the records that fulfil all conditions, newest first')
    .argument('<resource>', 'js-result, event-log, …')
    .argument('[conditions...]')
    .addHelpText('after', conditionHelp)
    .action(async (name: string, conditions: string[], _options: object, command: Command) => {
      const session = await openConditionSession({ resource: name, conditions, command, surroundings })
      const { client, output, resource, condition } = session
      await output.rows(await client.query(resource, condition))
    })
}
