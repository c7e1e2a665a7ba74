import type { Runner } from '../database/database.ts'
import { rawStatement } from '../database/statement.ts'
import { type Identity, permittedNames } from '../permission/grant.ts'
import { principalOf } from '../permission/origin.ts'
import type { GivenRow } from './resource.ts'

/** The principal that a chain belongs to; null where that is not known. */
export type ChainOwner = string | null

type Statements = Pick<Runner, 'run'>

const findOwn = rawStatement('select 1 from event_log where request_id = $1 and chain_owner = $2 limit 1')

/** SQL: the record is one of those; the parameters stand at 2, 3 and 4. */
export const permitted = `($2::boolean or full_name = any($3::text[])
  or exists (select from unnest($4::text[]) as prefix where starts_with(full_name, prefix)))`

// Materialized: else the first by id might be looked for among all records.
const findWritable = rawStatement(
  `with chain as materialized (select id, request_id, chain_owner, full_name from event_log where request_id = any($1::text[]))
   select request_id, chain_owner from chain group by request_id, chain_owner having bool_and${permitted} order by min(id)`,
)

/** The request ids and owners of the chains of which the caller may write every record, the one begun first before the others. */
async function findWritableChains(
  runner: Statements,
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
  runner: Statements,
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
  runner: Statements,
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
  runner: Statements,
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

/** Everything, the names and the prefixes that a caller may read or write: the parameters of `permitted`. */
export function namesFor(caller: Identity, verb: 'read' | 'write'): readonly unknown[] {
  const action = { scope: 'event', permission: 'event_log', verb }
  const { everything, names, prefixes } = permittedNames(caller, action)
  return [everything, names, prefixes]
}
