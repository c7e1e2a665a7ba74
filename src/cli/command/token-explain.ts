import type { Command } from 'commander'
import { parseGrant } from '../argument/limit-argument.ts'
import { openSession } from '../argument/session.ts'
import type { Surroundings } from '../argument/surroundings.ts'

interface ExplainFlags {
  readonly scope: string
  readonly permission: string
}

/** `daybook token explain`: whether the presented token may do something, and which limit says so. */
export function addTokenExplainCommand(token: Command, surroundings: Surroundings): void {
  token
    .command('explain')
    .description('say whether the presented token may do something, and why')
    .requiredOption('--scope <scope>', 'to what, e.g. js_worker=demo_worker')
    .requiredOption('--permission <permission>', 'what, e.g. js_result.read=demo_worker')
    .action(async ({ scope, permission }: ExplainFlags, command: Command) => {
      const { client, output } = openSession(command, surroundings)
      await output.record(await client.tokens.explain(parseGrant(scope), parseGrant(permission)))
    })
}
