import type { Command } from 'commander'
import { conditionHelp, openConditionSession } from '../argument/condition-session.ts'
import type { Surroundings } from '../argument/surroundings.ts'
import { addWatchOption, showWatched, type WatchFlags } from './watch.ts'

/** `daybook count RESOURCE [CONDITION…]`: how many records fulfil all conditions. */
export function addCountCommand(program: Command, surroundings: Surroundings): void {
  const count = program
    .command('count')
    .description('count the records that fulfil all conditions')
    .argument('<resource>', 'js-result, event-log, …')
    .argument('[conditions...]')
    .addHelpText('after', conditionHelp)
  addWatchOption(count).action(
    async (name: string, conditions: string[], flags: WatchFlags, command: Command) => {
      const session = await openConditionSession({ resource: name, conditions, command, surroundings })
      const { client, output, resource, condition } = session
      await showWatched(flags, session, async () => {
        await output.record({ count: await client.count(resource, condition) })
      })
    },
  )
}
