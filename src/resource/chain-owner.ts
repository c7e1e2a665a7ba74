import { equal, isNull, nothing, type Predicate } from '../condition/predicate.ts'
import type { Runner } from '../database/database.ts'
import { rawStatement } from '../database/statement.ts'
import { type Identity, permittedNames } from '../permission/grant.ts'
import { principalOf } from '../permission/origin.ts'
import type { Records } from './records.ts'
import type { GivenRow } from './resource.ts'
import { type Found, narrowed } from './select/found.ts'

/** The principal that a chain belongs to; null where that is not known. */
export type ChainOwner = string | null

type Asking = Pick<Runner, 'run'>

const findOwn = rawStatement('select 1 from event_log where request_id = $1 and chain_owner = $2 limit 1')

const permitted = `($2::boolean or full_name = any($3::text[])
  or exists (select from unnest($4::text[]) as prefix where starts_with(full_name, prefix)))`

// Materialized: else the first by id might be looked for among all records.
const findWritable = rawStatement(
  `with chain as materialized (select id, request_id, chain_owner, full_name from event_log where request_id = any($1::text[]))
   select request_id, chain_owner from chain group by request_id, chain_owner having bool_and${permitted} order by min(id)`,
)

/** The request ids and owners of the chains of which the caller may write every record, the one begun first before the others. */
async function findWritableChains(
  runner: Asking,
  requestIds: readonly string[],
  caller: Identity,
): Promise<readonly { readonly requestId: string; readonly owner: ChainOwner }[]> {
  const { rows } = await runner.run(findWritable, [requestIds, ...namesFor(caller, 'write')])
  return rows.map(([requestId, owner]) => ({ requestId: String(requestId), owner: owner as ChainOwner }))
}

/**
 * Whose chain it is that a caller's record under this request id belongs to: the caller's own, or one of which the caller may
 * write every record. Any other is to the caller as if it were not there: the record begins a chain of the caller's own.
 */
export async function chainOwnerFor(
  runner: Asking,
  requestId: string,
  caller: Identity,
): Promise<ChainOwner> {
  const principal = principalOf(caller)
  if ((await runner.run(findOwn, [requestId, principal])).rows.length > 0) return principal
  const [first] = await findWritableChains(runner, [requestId], caller)
  return first === undefined ? principal : first.owner
}

/** A place in a chain that is known to be there. */
export interface ChainRef {
  readonly requestId: string
  readonly owner: ChainOwner
}

/** Answers for each of these chains who owns what the caller adds to it: as chainOwnerFor, but the chain is known. */
export async function chainOwnersFor(
  runner: Asking,
  chains: readonly ChainRef[],
  caller: Identity,
): Promise<(chain: ChainRef) => ChainOwner> {
  const principal = principalOf(caller)
  const others = chains.filter(chain => chain.owner !== principal)
  const requestIds = [...new Set(others.map(chain => chain.requestId))]
  const writable = requestIds.length === 0 ? [] : await findWritableChains(runner, requestIds, caller)
  const keys = new Set(writable.map(keyOf))
  return chain => (keys.has(keyOf(chain)) ? chain.owner : principal)
}

function keyOf({ requestId, owner }: ChainRef): string {
  return JSON.stringify([requestId, owner])
}

/** Adds to what a caller appends to the event log who owns the chain of each record. */
export async function addChainOwners(
  runner: Asking,
  rows: readonly GivenRow[],
  caller: Identity,
): Promise<readonly GivenRow[]> {
  const requestIds = new Set(rows.flatMap(({ request_id: id }) => (typeof id === 'string' ? [id] : [])))
  const owners = new Map<unknown, ChainOwner>()
  for (const id of requestIds) owners.set(id, await chainOwnerFor(runner, id, caller))
  const principal = principalOf(caller)
  return rows.map(row => {
    const owner = owners.get(row.request_id)
    return { ...row, chain_owner: owner === undefined ? principal : owner }
  })
}

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
  { runner, records }: { readonly runner: Asking; readonly records: Records },
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

function namesFor(caller: Identity, verb: 'read' | 'write'): readonly unknown[] {
  const action = { scope: 'event', permission: 'event_log', verb }
  const { everything, names, prefixes } = permittedNames(caller, action)
  return [everything, names, prefixes]
}
