import type { Command } from 'commander'
import type { NewToken } from '../../client/client.ts'
import { addLimitOptions, type LimitFlags, requireLimits } from '../argument/limit-argument.ts'
import { parseMoment } from '../argument/moment.ts'
import { readPassword } from '../argument/secret-argument.ts'
import { openSession } from '../argument/session.ts'
import type { Surroundings } from '../argument/surroundings.ts'
import { UsageError } from '../terminal/failure.ts'
import type { Zone } from '../terminal/time-text.ts'

interface CreateFlags extends LimitFlags {
  readonly username?: string
  readonly passwordStdin?: true
  readonly from?: string
  readonly to?: string
}

/** `daybook token create`: makes a token and shows its secret, once. */
export function addTokenCreateCommand(token: Command, surroundings: Surroundings): void {
  const create = token
    .command('create')
    .description('make a token; its secret is shown only now')
    .option('--username <name>', 'lets it be presented as username|password too')
    .option('--password-stdin', 'read the password from stdin')
    .option('--from <time>', 'valid from: 2026-01-01T00:00:00Z, +1h, …')
    .option('--to <time>', 'valid until')
  addLimitOptions(create).action(async (flags: CreateFlags, command: Command) => {
    const { client, output, presentation } = openSession(command, surroundings)
    const created = await client.tokens.create(await readNewToken(flags, surroundings, presentation.zone))
    await output.record(created)
    await output.note('Keep the secret: it cannot be shown again.')
  })
}

async function readNewToken(flags: CreateFlags, surroundings: Surroundings, zone: Zone): Promise<NewToken> {
  const limits = requireLimits(flags)
  if ((flags.username === undefined) !== (flags.passwordStdin === undefined)) {
    throw new UsageError('--username and --password-stdin only make sense together')
  }
  const now = surroundings.clock()
  return {
    ...(flags.username !== undefined && {
      username: flags.username,
      password: await readPassword(surroundings),
    }),
    ...(flags.from !== undefined && {
      timestamp_from: parseMoment(flags.from, { now, zone, name: '--from' }),
    }),
    ...(flags.to !== undefined && { timestamp_to: parseMoment(flags.to, { now, zone, name: '--to' }) }),
    token_limit: limits,
  }
}
