import { z } from 'zod'
import { RpcError } from '../../errors.ts'
import { credentialParam, defineMethod, type Method } from '../../method/method.ts'
import { findChain } from '../../resource/find-chain.ts'
import { eventLog } from '../../resource/kind/event-log.ts'
import type { RecordService } from '../../resource/records.ts'
import { filtered } from '../../resource/select/access.ts'
import { countFound, type Found, readFound, walkFound } from '../../resource/select/found.ts'
import type { WallClock } from '../../schedule/wall-time.ts'
import { type RowDatas, rowDatasOf, rowDatasSchema } from './row-data.ts'

/** Records that one call returns; totalCount tells when there are more. */
const maxRows = 10_000

/** Records of a chain among which the ones below a node are looked for. */
const maxLinks = 100_000

const requestId = z.string().describe('The chain')
const nodeId = z.string().describe('The node in the chain; it need not have a record of its own')

/**
 * `getEventLogByRequestId`, the records of one chain, and `getEventLogByNodeId`, those of one place in it and of those below
 * it; oldest first.
 */
export function chainLogMethods(path: string, records: RecordService, clock: WallClock): readonly Method[] {
  const chains = { runner: records.database, records: records.of(eventLog) }
  return [
    defineMethod({
      name: `${path}.getEventLogByRequestId`,
      summary: `The records of one request id, oldest first, at most ${maxRows}`,
      params: { requestId, token: credentialParam },
      result: rowDatasSchema,
      async handle({ params, caller }) {
        const { found } = await findChain(chains, params, caller)
        return readOldest(found, records, clock)
      },
    }),
    defineMethod({
      name: `${path}.getEventLogByNodeId`,
      summary: `The records of one node and of everything that it set off, oldest first, at most ${maxRows}`,
      params: { requestId, nodeId, token: credentialParam },
      result: rowDatasSchema,
      async handle({ params, caller }) {
        const { found } = await findChain(chains, params, caller)
        const links = await readLinks(found)
        const nodes = nodesFrom(links, params.nodeId)
        const ids = links.filter(link => nodes.has(link.node_id)).map(link => link.id)
        const access = filtered([{ type: 'any', column: 'id', values: ids }])
        return readOldest({ ...found, access }, records, clock)
      },
    }),
  ]
}

async function readOldest(found: Found, { onRows }: RecordService, clock: WallClock): Promise<RowDatas> {
  const rows = await readFound(found, { order: 'oldest', limit: maxRows })
  onRows(eventLog.name, 'returned', rows.length)
  const counted = rows.length < maxRows ? 0 : await countFound(found)
  return { totalCount: Math.max(counted, rows.length), rowDatas: rowDatasOf(rows, clock) }
}

interface Link {
  readonly id: number
  readonly node_id: string
  readonly parent_node_id: string | null
}

const linkNames = ['id', 'node_id', 'parent_node_id']

/** Throws RpcError 110 (`answer_too_large`): what lies below a node cannot be told from a part of its chain. */
async function readLinks(chain: Found): Promise<readonly Link[]> {
  const links: Link[] = []
  for await (const rows of walkFound(chain, { order: 'oldest', most: maxLinks + 1, fields: linkNames })) {
    for (const { text } of rows) links.push(JSON.parse(text) as Link)
  }
  if (links.length <= maxLinks) return links
  throw new RpcError('answer_too_large', `The chain has more than ${maxLinks} records`, { retryable: false })
}

/** The node and all below it; clients write rows too, so that there may be circles. */
function nodesFrom(links: readonly Link[], nodeId: string): ReadonlySet<string> {
  const children = Map.groupBy(links, link => link.parent_node_id)
  const nodes = new Set([nodeId])
  // A set goes on to what is added meanwhile, each once.
  for (const node of nodes) for (const child of children.get(node) ?? []) nodes.add(child.node_id)
  return nodes
}
