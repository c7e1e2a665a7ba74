import { z } from 'zod'
import { RpcError } from '../../errors.ts'
import { credentialParam, defineMethod, type Method } from '../../method/method.ts'
import type { LogMethodDeps } from '../../method/record/record-method.ts'
import type { Identity } from '../../permission/grant.ts'
import { findChain } from '../../resource/chain-owner.ts'
import { eventLog } from '../../resource/kind/event-log.ts'
import { countRows } from '../../resource/select/count.ts'
import { readRows } from '../../resource/select/read.ts'
import type { WallClock } from '../wall-time.ts'
import { findLogRows, type LogRows, walkRows } from './read-log.ts'
import { type RowDatas, rowDatasOf, rowDatasSchema } from './row-data.ts'

/** Records that one call returns; totalCount tells when there are more. */
const maxRows = 10_000

/** Records of a chain among which the ones below a node are looked for. */
const maxLinks = 100_000

const requestId = z.string().describe('The chain')

/** `getEventLogByRequestId`: the records of one chain, oldest first (seed 000). */
export function getChainLogMethod(name: string, log: LogMethodDeps, clock: WallClock): Method {
  return defineMethod({
    name,
    summary: `The records of one request id, oldest first; the first ${maxRows} of them`,
    params: { requestId, token: credentialParam },
    result: rowDatasSchema,
    async handle({ params, caller }) {
      const rows = await findChainRows(log, params, caller)
      return readOldest(rows, log, clock)
    },
  })
}

/** `getEventLogByNodeId`: the records of one place in a chain and of those below it, oldest first (seed 000). */
export function getNodeLogMethod(name: string, log: LogMethodDeps, clock: WallClock): Method {
  return defineMethod({
    name,
    summary: `The records of one node and of all that it set off, oldest first; the first ${maxRows} of them`,
    params: {
      requestId,
      nodeId: z.string().describe('The place in the chain; it need not have a record of its own'),
      token: credentialParam,
    },
    result: rowDatasSchema,
    async handle({ params, caller }) {
      const chain = await findChainRows(log, params, caller)
      const links = await readLinks(chain)
      const nodes = nodesFrom(links, params.nodeId)
      const ids = links.filter(link => nodes.has(link.node_id)).map(link => link.id)
      const found = { type: 'any', column: 'id', values: ids } as const
      return readOldest({ ...chain, predicates: [found] }, log, clock)
    },
  })
}

/** The records of one chain, as `event-log_chain` chooses it. */
async function findChainRows(
  log: LogMethodDeps,
  { requestId, nodeId }: { readonly requestId: string; readonly nodeId?: string },
  caller: Identity,
): Promise<LogRows> {
  const rows = findLogRows(log, [{ request_id: requestId }], caller)
  const { predicate } = await findChain(log.database, { requestId, nodeId }, caller)
  return { ...rows, predicates: [...rows.predicates, predicate] }
}

async function readOldest(rows: LogRows, log: LogMethodDeps, clock: WallClock): Promise<RowDatas> {
  const { reader, predicates } = rows
  const selection = { segments: [predicates], names: undefined, order: 'oldest', limit: maxRows } as const
  const texts = await readRows(reader, selection)
  log.onRows(eventLog.name, 'returned', texts.length)
  const counted = texts.length < maxRows ? 0 : await countRows(reader, predicates, undefined)
  return { totalCount: Math.max(counted, texts.length), rowDatas: rowDatasOf(texts, clock) }
}

interface Link {
  readonly id: number
  readonly node_id: string
  readonly parent_node_id: string | null
}

const linkNames = ['id', 'node_id', 'parent_node_id']

/** Throws RpcError 110 (`answer_too_large`): what lies below a node cannot be told from a part of its chain. */
async function readLinks(chain: LogRows): Promise<readonly Link[]> {
  const links: Link[] = []
  for await (const rows of walkRows(chain, { order: 'oldest', most: maxLinks + 1, names: linkNames })) {
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
