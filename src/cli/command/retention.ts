import type { Command } from 'commander'
import type { NewRetentionRule } from '../../client/retention.ts'
import { retentionRule } from '../../retention/rule.ts'
import { addConditions, type ConditionSession } from '../argument/condition-session.ts'
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
  addRuleCommand(set, surroundings, async ({ client, output }, rule) => {
    await output.record(await client.call('retention_set', rule))
  })
  addVerb(commands, 'list')
  addVerb(commands, 'delete')
  const preview = parent.command('preview').description('show how many records such a rule would delete now')
  addRuleCommand(preview, surroundings, async ({ client, output }, rule) => {
    await output.record(await client.call('retention_preview', rule))
  })
}

function addRuleCommand(
  command: Command,
  surroundings: Surroundings,
  act: (session: ConditionSession, rule: NewRetentionRule) => Promise<void>,
): void {
  addConditions(addFlags(command, retentionRule, 'create'), surroundings, {
    conditions: 'as for query, without limit and last; none: every record',
    async act(session) {
      const { resource, condition } = session
      const { older_than_ms = 0 } = await readFlags(retentionRule, command, 'create')
      await act(session, { resource, query: { condition }, older_than_ms })
    },
  })
}
