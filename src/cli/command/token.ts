import type { Command } from 'commander'
import type { TokenInfo } from '../../client/client.ts'
import { readPassword } from '../argument/secret-argument.ts'
import { openSession } from '../argument/session.ts'
import type { Surroundings } from '../argument/surroundings.ts'
import { member } from '../terminal/column.ts'
import { addListCommand } from './list-command.ts'
import { addTokenCreateCommand } from './token-create.ts'
import { addTokenEditCommand } from './token-edit.ts'
import { addTokenExplainCommand } from './token-explain.ts'
import { addTokenIssueCommand } from './token-issue.ts'

/** `daybook token …`: the tokens of a server. */
export function addTokenCommand(program: Command, surroundings: Surroundings): void {
  const token = program.command('token').description('manage the tokens of a server')
  addTokenCreateCommand(token, surroundings)
  token
    .command('get')
    .description('show a token, never its secret; without a target the one presented')
    .argument('[target]', 'a token key or a username')
    .action(async (target: string | undefined, _options: object, command: Command) => {
      const { client, output } = openSession(command, surroundings)
      await output.record(await client.tokens.get(target))
    })
  addListCommand(token.command('list').description('show all tokens, never their secrets'), surroundings, {
    columns: [
      member('token_key', 'key'),
      member('username'),
      member('timestamp_from', 'from'),
      member('timestamp_to', 'to'),
      {
        title: 'limits',
        kind: 'plain',
        read: ({ token_limit: limits }) => (limits as TokenInfo['token_limit']).length,
      },
    ],
    none: 'no tokens',
    find: client => client.tokens.list(),
  })
  addTokenEditCommand(token, surroundings)
  token
    .command('delete')
    .description('revoke a token, and every JWT it has issued')
    .argument('<target>', 'a token key or a username')
    .action(async (target: string, _options: object, command: Command) => {
      const { client, output } = openSession(command, surroundings)
      await output.record(await client.tokens.delete(target))
    })
  token
    .command('roll')
    .description('give a token a new secret; the old one is dead at once')
    .argument('<target>', 'a token key or a username')
    .action(async (target: string, _options: object, command: Command) => {
      const { client, output } = openSession(command, surroundings)
      await output.record(await client.tokens.roll(target))
    })
  token
    .command('change-password')
    .description('set the password of a token that has a username; it is read from stdin')
    .argument('<target>', 'a token key or a username')
    .action(async (target: string, _options: object, command: Command) => {
      const { client, output } = openSession(command, surroundings)
      await output.record(await client.tokens.changePassword(target, await readPassword(surroundings)))
    })
  addTokenIssueCommand(token, surroundings)
  addTokenExplainCommand(token, surroundings)
}
