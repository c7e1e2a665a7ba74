import type { Command } from 'commander'
import type { Client, NewToken, TokenInfo } from '../../client/client.ts'
import {
  addLimitOptions,
  type LimitFlags,
  parseGrant,
  readLimits,
  requireLimits,
} from '../argument/limit-argument.ts'
import { durationOption, parseMoment } from '../argument/moment.ts'
import { readPassword } from '../argument/secret-argument.ts'
import { inSession, type Session } from '../argument/session.ts'
import type { Surroundings } from '../argument/surroundings.ts'
import { member } from '../terminal/column.ts'
import { UsageError } from '../terminal/failure.ts'
import { addListCommand } from './list-command.ts'

/** `daybook token …`: the tokens of a server. */
export function addTokenCommand(program: Command, surroundings: Surroundings): void {
  const token = program.command('token').description('manage the tokens of a server')
  const subcommand = (name: string, description: string) => token.command(name).description(description)

  addCreate(subcommand('create', 'make a token; its secret is shown only now'), surroundings)
  const get = subcommand('get', 'show a token, never its secret; without a target the one presented')
  addTarget(get, surroundings, '[target]', (tokens, target) => tokens.get(target))
  addListCommand(subcommand('list', 'show all tokens, never their secrets'), surroundings, {
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
  const edit = subcommand('edit', 'replace all limits of a token')
  addTarget(addLimitOptions(edit), surroundings, '<target>', (tokens, target) =>
    tokens.edit(target, requireLimits(edit.opts<LimitFlags>())),
  )
  const revoke = subcommand('delete', 'revoke a token, and every JWT it has issued')
  addTarget(revoke, surroundings, '<target>', (tokens, target) => tokens.delete(target))
  const roll = subcommand('roll', 'give a token a new secret; the old one stops working at once')
  addTarget(roll, surroundings, '<target>', (tokens, target) => tokens.roll(target))
  const change = subcommand(
    'change-password',
    'set the password of a token that has a username; it is read from stdin',
  )
  addTarget(change, surroundings, '<target>', async (tokens, target) =>
    tokens.changePassword(target, await readPassword(surroundings)),
  )
  addIssue(
    subcommand('issue', 'mint a JWT that may do the same as the presented token, or less'),
    surroundings,
  )
  addExplain(
    subcommand('explain', 'say whether the presented token, or another one, may do something, and why'),
    surroundings,
  )
}

/** A command that does something with one token. */
function addTarget(
  command: Command,
  surroundings: Surroundings,
  argument: '<target>' | '[target]',
  act: (tokens: Client['tokens'], target: string) => Promise<object>,
): void {
  command
    .argument(argument, 'a token key or a username')
    .action(
      inSession(surroundings, async ({ client, output }, target: string) =>
        output.record(await act(client.tokens, target)),
      ),
    )
}

interface CreateFlags extends LimitFlags {
  readonly username?: string
  readonly passwordStdin?: true
  readonly from?: string
  readonly to?: string
}

function addCreate(command: Command, surroundings: Surroundings): void {
  command
    .option('--username <name>', 'lets it be presented as username|password too')
    .option('--password-stdin', 'read the password from stdin')
    .option('--from <time>', 'valid from: 2026-01-01T00:00:00Z, +1h, …')
    .option('--to <time>', 'valid until')
  addLimitOptions(command).action(
    inSession(surroundings, async (session, flags: CreateFlags) => {
      const { client, output } = session
      await output.record(await client.tokens.create(await readNewToken(flags, session)))
      await output.note('Keep the secret: it cannot be shown again.')
    }),
  )
}

async function readNewToken(flags: CreateFlags, session: Session): Promise<NewToken> {
  const { username, passwordStdin, from, to } = flags
  const token_limit = requireLimits(flags)
  if ((username === undefined) !== (passwordStdin === undefined)) {
    throw new UsageError('--username and --password-stdin only make sense together')
  }
  const { zone } = session.presentation
  const moment = (text: string | undefined, name: string) =>
    text === undefined ? undefined : parseMoment(text, { now: session.clock(), zone, name })
  return {
    username,
    password: username === undefined ? undefined : await readPassword(session),
    timestamp_from: moment(from, '--from'),
    timestamp_to: moment(to, '--to'),
    token_limit,
  }
}

function addIssue(command: Command, surroundings: Surroundings): void {
  command.requiredOption(
    '--ttl <duration>',
    'how long it lives: 90s, 15m, 2h, or milliseconds',
    durationOption('--ttl'),
  )
  addLimitOptions(command).action(
    inSession(surroundings, async ({ client, output }, flags: LimitFlags & { readonly ttl: number }) => {
      const limits = readLimits(flags)
      await output.record(await client.tokens.issue(flags.ttl, limits.length === 0 ? undefined : limits))
    }),
  )
}

interface ExplainFlags {
  readonly scope: string
  readonly permission: string
}

function addExplain(command: Command, surroundings: Surroundings): void {
  command
    .requiredOption('--scope <scope>', 'to what, e.g. js_worker=demo_worker')
    .requiredOption('--permission <permission>', 'what, e.g. js_result.read=demo_worker')
    .argument('[target]', 'another token, by its key or username; for the super token')
    .action(
      inSession(
        surroundings,
        async ({ client, output }, target: string | undefined, { scope, permission }: ExplainFlags) =>
          output.record(await client.tokens.explain(parseGrant(scope), parseGrant(permission), target)),
      ),
    )
}
