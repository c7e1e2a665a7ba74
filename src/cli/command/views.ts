import type { Command } from 'commander'
import { view } from '../../view/view.ts'
import { conditionHelp, openConditionSession } from '../argument/condition-session.ts'
import { addFlags, readFlags } from '../argument/definition-flags.ts'
import type { Surroundings } from '../argument/surroundings.ts'
import { addVerb, beginDefinitionCommand } from './definition.ts'

/** `daybook views …`: conditions under a name. */
export function addViewsCommand(program: Command, surroundings: Surroundings): void {
  const commands = beginDefinitionCommand(program, surroundings, view)
  addVerb(commands, 'list')
  addAddCommand(commands.parent, surroundings)
  addVerb(commands, 'read')
  addVerb(commands, 'update')
  addVerb(commands, 'delete')
}

function addAddCommand(views: Command, surroundings: Surroundings): void {
  const add = views
    .command('add')
    .description('put conditions under a name; view=NAME stands for them')
    .argument('<name>')
    .argument('<resource>', 'whose conditions: js-result, event-log, …')
    .argument('[conditions...]', 'what it stands for')
    .addHelpText('after', conditionHelp)
  addFlags(add, view, 'create').action(
    async (name: string, resource: string, conditions: readonly string[]) => {
      const given = await readFlags(view, add, 'create')
      const session = await openConditionSession({ resource, conditions, command: add, surroundings })
      const { client, output, condition } = session
      const params = { ...given, name, resource: session.resource, query: { condition } }
      await output.record(await client.call('view_create', params))
    },
  )
}
