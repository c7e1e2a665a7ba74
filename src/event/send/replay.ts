import type { Runner } from '../../database/database.ts'
import { rawStatement } from '../../database/statement.ts'
import { RpcError } from '../../errors.ts'
import { JsonText } from '../../json.ts'
import { type Identity, originsOf, requirePermission } from '../../permission/grant.ts'
import { type ChainRef, chainOwnersFor } from '../../resource/chain-owner.ts'
import { sendAction } from '../handler/action.ts'
import type { AddressedEvent } from './event.ts'

// Only what was run here: who may append records must not make a handler run what its patterns exclude.
const ran = 'id = any($1::bigint[]) and caller is not null'

const measure = rawStatement(
  `select coalesce(sum(octet_length(param::text)), 0)::bigint from event_log where ${ran}`,
)

const read = rawStatement(
  `select id, full_name, sender, event_type, request_id, node_id, depth, param::text, chain_owner from event_log
   where ${ran} order by created_time, id`,
)

/** Bytes of arguments that one call may bring back into memory. */
const maxBytes = 64 * 1024 * 1024

/**
 * The events that run these rows' work again, oldest first: each for the handler of its row alone, with the same
 * arguments, below the row, in its chain where the caller may continue that; rows that clients appended are left out. Throws RpcError 102 when the caller
 * may not send in the name of one's sender, and 110 (`replay_too_large`).
 */
export async function planReplay(
  runner: Runner,
  ids: readonly number[],
  identity: Identity,
): Promise<readonly AddressedEvent[]> {
  const [measured] = (await runner.run(measure, [ids])).rows
  if (Number(measured?.[0]) > maxBytes) throw tooLarge()
  const { rows } = await runner.run(read, [ids])
  const caller = originsOf(identity)
  for (const [, , sender] of rows) requirePermission(identity, sendAction, String(sender))
  const ownerFor = await chainOwnersFor(runner, rows.map(chainOf), identity)
  return rows.map(row => {
    const [, fullName, sender, eventType, requestId, nodeId, depth, param] = row
    return {
      sender: String(sender),
      eventType: String(eventType),
      kwargs: param === null ? null : new JsonText(String(param)),
      runType: 'replay',
      requestId: String(requestId),
      chainOwner: ownerFor(chainOf(row)),
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

function chainOf(row: readonly unknown[]): ChainRef {
  return { requestId: String(row[4]), owner: row[8] as ChainRef['owner'] }
}

function tooLarge(): RpcError {
  return new RpcError('replay_too_large', 'The arguments of these records are too large to replay at once', {
    path: 'query.condition',
    retryable: false,
  })
}
