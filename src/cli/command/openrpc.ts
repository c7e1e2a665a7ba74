import type { Command } from 'commander'
import { stringifyJson } from '../../json.ts'
import { openSession } from '../argument/session.ts'
import type { Surroundings } from '../argument/surroundings.ts'
import { writeLines } from '../terminal/output.ts'

/** `daybook openrpc`: the OpenRPC document of the server, as JSON. */
export function addOpenrpcCommand(program: Command, surroundings: Surroundings): void {
  program
    .command('openrpc')
    .description('print the OpenRPC document of the server')
    .action(async (_options: object, command: Command) => {
      const { client, stdout } = openSession(command, surroundings)
      await writeLines(stdout, [stringifyJson(await client.call('rpc.discover', {}))])
    })
}
