import type { Command } from 'commander'
import { addLimitOptions, type LimitFlags, requireLimits } from '../argument/limit-argument.ts'
import { openSession } from '../argument/session.ts'
import type { Surroundings } from '../argument/surroundings.ts'

/** `daybook token edit TARGET`: replaces what a token may do. */
export function addTokenEditCommand(token: Command, surroundings: Surroundings): void {
  const edit = token
    .command('edit')
    .description('replace all limits of a token')
    .argument('<target>', 'a token key or a username')
  addLimitOptions(edit).action(async (target: string, flags: LimitFlags, command: Command) => {
    const { client, output } = openSession(command, surroundings)
    await output.record(await client.tokens.edit(target, requireLimits(flags)))
  })
}
