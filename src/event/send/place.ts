import type { Runner } from '../../database/database.ts'
import { rawStatement } from '../../database/statement.ts'
import { RpcError } from '../../errors.ts'
import type { ChainPlace } from '../../js-worker/host.ts'
import { type Identity, originsOf } from '../../permission/grant.ts'
import { principalOf } from '../../permission/origin.ts'
import { type ChainOwner, chainOwnerFor } from '../../resource/chain-owner.ts'
import { maxDepth, newChainId, type SentEvent } from './event.ts'
import type { EventRequest } from './event-request.ts'

const readDepth = rawStatement(
  'select depth from event_log where request_id = $1 and node_id = $2 and chain_owner is not distinct from $3 order by depth desc limit 1',
)

/**
 * Gives the events of one request their places: each in the chain that its sender is in (`chain`), the one that it names,
 * or a new one. Throws RpcError 108 (`chain_too_deep`); `path`: where the event stands in the request.
 */
export function placeEvents(
  runner: Pick<Runner, 'run'>,
  requests: readonly EventRequest[],
  { identity, chain }: { readonly identity: Identity; readonly chain?: ChainPlace },
  path: (index: number) => string,
): Promise<readonly SentEvent[]> {
  const caller = originsOf(identity)
  const ownerFor = rememberOwners(runner, identity)
  return Promise.all(
    requests.map(async (request, i) => {
      const place = await (chain === undefined
        ? placeOf(request, identity, ownerFor)
        : { requestId: chain.requestId, chainOwner: chain.owner, parentNodeId: chain.nodeId ?? null })
      const depth = chain === undefined ? await depthBelow(runner, place) : chain.depth + 1
      if (depth > maxDepth) throw chainTooDeep(path(i))
      return {
        sender: request.sender,
        eventType: request.event_type,
        kwargs: request.kwargs,
        runType: place.parentNodeId === null ? 'send' : 'chain',
        ...place,
        nodeId: request.node_id,
        depth,
        delayMs: request.delay_ms,
        caller,
      }
    }),
  )
}

type Place = Pick<SentEvent, 'requestId' | 'chainOwner' | 'parentNodeId'>
type OwnerFor = (requestId: string) => Promise<ChainOwner>

async function placeOf(
  { request_id: requestId, parent_node_id: parent }: EventRequest,
  identity: Identity,
  ownerFor: OwnerFor,
): Promise<Place> {
  const parentNodeId = parent ?? null
  return requestId === undefined
    ? { requestId: newChainId(), chainOwner: principalOf(identity), parentNodeId }
    : { requestId, chainOwner: await ownerFor(requestId), parentNodeId }
}

/** Whose chain a client's event under a request id belongs to, asked once for each. */
function rememberOwners(runner: Pick<Runner, 'run'>, identity: Identity): OwnerFor {
  const owners = new Map<string, Promise<ChainOwner>>()
  return requestId => {
    const owner = owners.get(requestId) ?? chainOwnerFor(runner, requestId, identity)
    owners.set(requestId, owner)
    return owner
  }
}

/** How many events lie before one at this place; 1 below a place that is not known here. */
async function depthBelow(
  runner: Pick<Runner, 'run'>,
  { requestId, parentNodeId, chainOwner }: Place,
): Promise<number> {
  if (parentNodeId === null) return 0
  const { rows } = await runner.run(readDepth, [requestId, parentNodeId, chainOwner])
  return Number(rows[0]?.[0] ?? 0) + 1
}

function chainTooDeep(path: string): RpcError {
  return new RpcError(
    'chain_too_deep',
    `chain_too_deep: more than ${maxDepth} events follow from each other`,
    { path: path === '' ? 'parent_node_id' : `${path}.parent_node_id` },
  )
}
