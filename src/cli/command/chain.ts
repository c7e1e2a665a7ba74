import type { Command } from 'commander'
import { inSession } from '../argument/session.ts'
import type { Surroundings } from '../argument/surroundings.ts'
import { parseWholeNumber } from '../argument/whole-number.ts'
import { renderChain } from '../terminal/chain-tree.ts'
import { CommandFailure } from '../terminal/failure.ts'
import { widthOf } from '../terminal/output.ts'
import { colourPaint, plainPaint } from '../terminal/paint.ts'
import { addWatchOption, showWatched, type WatchFlags } from './watch.ts'

interface ChainFlags extends WatchFlags {
  readonly node?: string
  readonly depth?: number
}

/** `daybook chain REQUEST_ID`: everything that an event set off, as a tree. */
export function addChainCommand(program: Command, surroundings: Surroundings): void {
  const chain = program
    .command('chain')
    .description('show everything that an event set off, as a tree')
    .argument('<request-id>', 'as printed by send')
    .option('--node <node>', 'only this node and those below it')
    .option('--depth <n>', 'how many levels below the first', parseWholeNumber)
  addWatchOption(chain).action(
    inSession(surroundings, async (session, requestId: string, { node, depth, watch }: ChainFlags) => {
      const { client, output, stdout, presentation } = session
      await showWatched({ watch }, session, async () => {
        const chain = await client.chain(requestId, { nodeId: node, depth })
        if (chain.other_chains > 0) {
          await output.note(`${chain.other_chains} more with this request id, begun by others; see --node`)
        }
        if (chain.nodes.length === 0) throw new CommandFailure(nothingFound(requestId, node))
        if (presentation.format === 'table' && presentation.fields === undefined) {
          const paint = presentation.hasColour ? colourPaint : plainPaint
          return output.lines(renderChain(chain, widthOf(stdout), paint))
        }
        await output.rows(chain.nodes)
        if (chain.truncated) await output.note('the chain has more records than are shown')
      })
    }),
  )
}

function nothingFound(requestId: string, node: string | undefined): string {
  return node === undefined
    ? `no record of the request ${requestId}`
    : `no record of the node ${node} in the request ${requestId}`
}
