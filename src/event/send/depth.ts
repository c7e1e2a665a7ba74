import type { Runner } from '../../database/database.ts'
import { rawStatement } from '../../database/statement.ts'
import type { ChainOwner } from '../../resource/chain-owner.ts'

const read = rawStatement(
  'select depth from event_log where request_id = $1 and node_id = $2 and chain_owner is not distinct from $3 order by depth desc limit 1',
)

/** How many events lie before one that this place of the chain sends; 1 below a place that is not known here. */
export async function depthBelow(
  runner: Pick<Runner, 'run'>,
  requestId: string,
  parentNodeId: string | null,
  owner: ChainOwner,
): Promise<number> {
  if (parentNodeId === null) return 0
  const { rows } = await runner.run(read, [requestId, parentNodeId, owner])
  return Number(rows[0]?.[0] ?? 0) + 1
}
