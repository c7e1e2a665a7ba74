import type { Command } from 'commander'
import { retentionRule } from '../../retention/rule.ts'
import { addConditions } from '../argument/condition-session.ts'
import { addFlags, readFlags } from '../argument/definition-flags.ts'
import type { Surroundings } from '../argument/surroundings.ts'
import { addVerb, beginDefinitionCommand } from './definition.ts'

/** `daybook retention …`: what a server deletes once it is old enough. */
export function addRetentionCommand(program: Command, surroundings: Surroundings): void {
  const commands = beginDefinitionCommand(program, surroundings, retentionRule)
  const { parent } = commands
  const set = parent
    .command('set')
    .description('have records deleted once they are old enough; the same conditions again change the age')
  addRuleCommand(set, surroundings, 'retention_set')
  addVerb(commands, 'list')
  addVerb(commands, 'delete')
  const preview = parent.command('preview').description('show how many records such a rule would delete now')
  addRuleCommand(preview, surroundings, 'retention_preview')
}

/** A command that says a rule, for a method that takes one. */
function addRuleCommand(command: Command, surroundings: Surroundings, method: string): void {
  addConditions(addFlags(command, retentionRule, 'create'), surroundings, {
    conditions: 'as for query, without limit and last; none: every record',
    async act({ client, output, resource, condition }) {
      const flags = await readFlags(retentionRule, command, 'create')
      const answer = await client.call(method, { ...flags, resource, query: { condition } })
      await output.record(Object(answer))
    },
  })
}
