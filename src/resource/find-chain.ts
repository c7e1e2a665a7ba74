import { equal, isNull, nothing, type Predicate } from '../condition/predicate.ts'
import type { Runner } from '../database/database.ts'
import { rawStatement } from '../database/statement.ts'
import type { Identity } from '../permission/grant.ts'
import { principalOf } from '../permission/origin.ts'
import { namesFor, permitted } from './chain-owner.ts'
import type { Records } from './records.ts'
import { type Found, narrowed } from './select/found.ts'

// By the node that is asked for, then by who asks, then by age.
const findReadable = rawStatement(
  `with chain as materialized (select id, chain_owner, node_id from event_log where request_id = $1 and ${permitted})
   select chain_owner from chain group by chain_owner
   order by bool_or(node_id = $5::text) desc nulls last, chain_owner is not distinct from $6::text desc, min(id)`,
)

/** What a reader is shown under one request id. */
export interface ReadChain {
  /** The records of the chain that it may read. */
  readonly found: Found
  /** How many other chains under the request id the reader may read something of. */
  readonly others: number
}

/**
 * The chain that a reader means by a request id: the one that has this node, where one is given, else the reader's own, else
 * the one that was begun first. Nobody can so change what another's chain looks like. `records`: those of the event log.
 * Throws RpcError 102.
 */
export async function findChain(
  { runner, records }: { readonly runner: Pick<Runner, 'run'>; readonly records: Records },
  { requestId, nodeId }: { readonly requestId: string; readonly nodeId?: string | undefined },
  reader: Identity,
): Promise<ReadChain> {
  const found = records.find(reader, [{ request_id: requestId }])
  const asked = [requestId, ...namesFor(reader, 'read'), nodeId ?? null, principalOf(reader)]
  const { rows } = await runner.run(findReadable, asked)
  const [first, ...others] = rows
  return { found: narrowed(found, first === undefined ? nothing : isOf(first[0])), others: others.length }
}

function isOf(owner: unknown): Predicate {
  return owner === null ? isNull('chain_owner') : equal('chain_owner', String(owner))
}
