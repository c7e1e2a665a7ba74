import type { Command } from 'commander'
import { addLimitOptions, type LimitFlags, readLimits } from '../argument/limit-argument.ts'
import { parseDuration } from '../argument/moment.ts'
import { openSession } from '../argument/session.ts'
import type { Surroundings } from '../argument/surroundings.ts'

interface IssueFlags extends LimitFlags {
  readonly ttl: string
}

/** `daybook token issue`: mints a short-lived JWT from the token that is presented. */
export function addTokenIssueCommand(token: Command, surroundings: Surroundings): void {
  const issue = token
    .command('issue')
    .description('mint a JWT that may do the same as the presented token, or less')
    .requiredOption('--ttl <duration>', 'how long it lives: 90s, 15m, 2h, or milliseconds')
  addLimitOptions(issue).action(async (flags: IssueFlags, command: Command) => {
    const { client, output } = openSession(command, surroundings)
    const limits = readLimits(flags)
    const ttlMs = parseDuration(flags.ttl, '--ttl')
    await output.record(await client.tokens.issue(ttlMs, limits.length === 0 ? undefined : limits))
  })
}
