import type { Runner } from '../database/database.ts'
import { rawStatement } from '../database/statement.ts'
import { JsonText } from '../json.ts'
import { type Identity, originsOf, requirePermission } from '../permission/grant.ts'
import type { SentEvent } from './event.ts'

const read = rawStatement(
  `select id, full_name, sender, event_type, request_id, node_id, depth, param::text from event_log
   where id = any($1::bigint[]) order by created_time, id`,
)

/**
 * The events that run these rows' work again, oldest first: each for the handler of its row alone, with the same
 * arguments, below the row in its chain. Throws RpcError 102 when the caller may not send in the name of one's sender.
 */
export async function planReplay(
  runner: Runner,
  ids: readonly number[],
  identity: Identity,
): Promise<readonly SentEvent[]> {
  const { rows } = await runner.run(read, [ids])
  const caller = originsOf(identity)
  return rows.map(([, fullName, sender, eventType, requestId, nodeId, depth, param]) => {
    requirePermission(identity, { scope: 'sender', permission: 'event', verb: 'send' }, String(sender))
    return {
      sender: String(sender),
      eventType: String(eventType),
      kwargs: param === null ? null : new JsonText(String(param)),
      runType: 'replay',
      requestId: String(requestId),
      nodeId: undefined,
      parentNodeId: String(nodeId),
      // To be replayed often must not use up the chain.
      depth: Number(depth),
      delayMs: 0,
      caller,
      handler: String(fullName),
    }
  })
}
