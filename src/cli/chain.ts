import type { Command } from 'commander'
import { renderChain } from './chain-tree.ts'
import { CommandFailure } from './failure.ts'
import { writeLines } from './output.ts'
import { isForPeople } from './presentation.ts'
import { openSession } from './session.ts'
import type { Surroundings } from './surroundings.ts'
import { parseWholeNumber } from './whole-number.ts'

interface ChainFlags {
  readonly node?: string
  readonly depth?: number
}

/** `daybook chain REQUEST_ID`: all that an event set off, as a tree. */
export function addChainCommand(program: Command, surroundings: Surroundings): void {
  program
    .command('chain')
    .description('show all that an event set off, as a tree')
    .argument('<request-id>', 'as send printed it')
    .option('--node <node>', 'only what this place and those below it did')
    .option('--depth <n>', 'how many levels below the first', parseWholeNumber)
    .action(async (requestId: string, { node, depth }: ChainFlags, command: Command) => {
      const { client, output, stdout } = openSession(command, surroundings)
      const chain = await client.chain(requestId, {
        ...(node !== undefined && { nodeId: node }),
        ...(depth !== undefined && { depth }),
      })
      if (chain.nodes.length === 0) throw new CommandFailure(nothingFound(requestId, node))
      if (isForPeople(command, surroundings)) {
        return writeLines(stdout, renderChain(chain, stdout.columns ?? 80))
      }
      await output.rows(chain.nodes)
      if (chain.truncated) await output.note('the chain has more records than are shown')
    })
}

function nothingFound(requestId: string, node: string | undefined): string {
  return node === undefined
    ? `no record of the request ${requestId}`
    : `no record of the node ${node} in the request ${requestId}`
}
