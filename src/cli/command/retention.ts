import type { Command } from 'commander'
import type { NewRetentionRule, RetentionRule } from '../../client/retention.ts'
import { type ConditionSession, conditionHelp, openConditionSession } from '../argument/condition-session.ts'
import { durationOption } from '../argument/duration-option.ts'
import { openSession } from '../argument/session.ts'
import type { Surroundings } from '../argument/surroundings.ts'
import { parseWholeNumber } from '../argument/whole-number.ts'
import { member } from '../terminal/column.ts'
import { addListCommand } from './list-command.ts'

interface AgeFlags {
  readonly olderThan: number
}

/** `daybook retention …`: what a server deletes once it is old enough. */
export function addRetentionCommand(program: Command, surroundings: Surroundings): void {
  const retention = program
    .command('retention')
    .description('manage the rules by which a server deletes what is old')
  addRuleCommand(retention, surroundings, {
    name: 'set',
    description: 'have records deleted once they are old enough; the same conditions again change the age',
    async act({ client, output }, rule) {
      await output.record(await client.call('retention_set', rule))
    },
  })
  addListCommand(retention, surroundings, {
    name: 'list',
    description: 'show all rules, and what they have deleted',
    columns: [
      member('id'),
      member('resource'),
      { title: 'condition', kind: 'plain', read: ({ query }) => (query as RetentionRule['query']).condition },
      member('older_than_ms', 'older_than'),
      member('last_run_time', 'last_run'),
      member('deleted'),
      member('last_error', 'error', 'line'),
    ],
    none: 'no rules; daybook retention set makes one',
    find: async client => (await client.call('retention_list', {})).rules,
  })
  retention
    .command('delete')
    .description('delete a rule; what it would have deleted stays')
    .argument('<id>', 'as list shows it', parseWholeNumber)
    .action(async (id: number, _options: object, command: Command) => {
      const { client, output } = openSession(command, surroundings)
      await output.record(await client.call('retention_delete', { id }))
    })
  addRuleCommand(retention, surroundings, {
    name: 'preview',
    description: 'show how many records such a rule would delete now',
    async act({ client, output }, rule) {
      await output.record(await client.call('retention_preview', rule))
    },
  })
}

interface RuleCommand {
  readonly name: string
  readonly description: string
  act(session: ConditionSession, rule: NewRetentionRule): Promise<void>
}

function addRuleCommand(
  retention: Command,
  surroundings: Surroundings,
  { name, description, act }: RuleCommand,
): void {
  retention
    .command(name)
    .description(description)
    .argument('<resource>', 'js-result, event-log, …')
    .argument('[conditions...]', 'as for query, without limit and last; none: every record')
    .requiredOption('--older-than <time>', 'the age: 12h, 30d; at least 1m', durationOption('--older-than'))
    .addHelpText('after', conditionHelp)
    .action(async (resource: string, conditions: string[], { olderThan }: AgeFlags, command: Command) => {
      const session = await openConditionSession({ resource, conditions, command, surroundings })
      const { condition } = session
      await act(session, { resource: session.resource, query: { condition }, older_than_ms: olderThan })
    })
}
