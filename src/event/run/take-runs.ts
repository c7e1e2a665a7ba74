import type { Result, Runner } from '../../database/database.ts'
import { locks, withAdvisoryLock } from '../../database/locks.ts'
import { rawStatement } from '../../database/statement.ts'
import { parseJson } from '../../json.ts'
import type { Origin } from '../../permission/grant.ts'
import type { ChainOwner } from '../../resource/chain-owner.ts'
import type { Handler } from '../handler/handler.ts'
import { type Handlers, outdated } from '../handler/handler-directory.ts'
import type { RunType } from '../send/event.ts'
import type { Run } from './run.ts'

export interface TakeOptions {
  /** The handlers whose runs are taken: those that the server or worker can run. */
  readonly of: readonly Handler[]
  readonly max: number
  /** Epoch ms. */
  readonly now: number
  /** The server that will run them; undefined: a remote worker. */
  readonly owner?: string
  /** How long a remote worker holds a run of this handler. */
  leaseMs?(handler: Handler): number
}

/** What waits for a handler and is due, as `event_log_open` has it. */
const isDue = "e.status = 'waiting' and e.due_time <= now()"

// Those that were due first, whichever handlers they are for. How many each handler gets is counted before they are locked:
// what a rival has locked is passed over, and what is not taken is not locked. `(select $1)`: a plan that knew how few handlers
// there are would look so much cheaper that one would be made each time. A server whose lease has ended may have lost
// its runs: it must not take new ones under the old name.
const take = rawStatement(
  `with wanted as materialized (
     select full_name, lease_ms, case when most is null then $4 else greatest(0, least($4, most -
       (select count(*) from event_log e where e.status = 'running' and e.full_name = w.full_name and e.due_time is not null)))
       end as places
     from unnest((select $1::text[]), (select $2::bigint[]), (select $3::float8[])) as w(full_name, most, lease_ms)
     where exists (select from definition_version where version = $7)
       and ($6::text is null or exists (select from server_lease where id = $6 and lease_until > now()))
   ), share as materialized (
     select full_name, lease_ms, count(*) as places from (
       select w.full_name, w.lease_ms from wanted w cross join lateral (
         select e.due_time, e.id from event_log e where e.full_name = w.full_name and ${isDue}
         order by e.due_time, e.id limit w.places) due
       order by due.due_time, due.id limit $4) first
     group by full_name, lease_ms
   ), due as materialized (
     select due.id, s.lease_ms from share s cross join lateral (
       select e.id from event_log e where e.full_name = s.full_name and ${isDue}
       order by e.due_time, e.id limit s.places for update skip locked) due
   ), begun as (
     update event_log e set status = 'running', start_time = to_timestamp($5::float8 / 1000), owner = $6::text,
       lease_until = now() + due.lease_ms * interval '1 millisecond'
     from due where e.id = due.id
     returning e.id, full_name, event_type, sender, request_id, node_id, parent_node_id, attempt, failures, depth,
       param::text, caller::text, run_type, chain_owner
   )
   select (select sum(places) from share)::int, (select version from definition_version),
     $6::text is null or exists (select from server_lease where id = $6 and lease_until > now()), begun.*
   from (select 1) as always left join begun on true`,
)

export interface Taken {
  readonly runs: readonly Run[]
  /** How many more were due when it was looked, of which others may have taken some. */
  readonly left: boolean
}

/** Whether `takeRuns` locks something until its transaction ends, and so needs one. */
export function hasLimits(handlers: readonly Handler[]): boolean {
  return handlers.some(handler => handler.concurrency !== null)
}

/** Takes runs that are due and marks them as running. Throws `outdated` when the handlers have changed. */
export async function takeRuns(
  { run }: Pick<Runner, 'run'>,
  handlers: Handlers,
  { of, max, now, owner, leaseMs }: TakeOptions,
): Promise<Taken> {
  const values = [
    of.map(handler => handler.full_name),
    of.map(handler => handler.concurrency),
    of.map(handler => leaseMs?.(handler) ?? null),
    max,
    now,
    owner ?? null,
    handlers.version,
  ]
  const takeThem = (): Promise<Result> => run(take, values)
  const taken = hasLimits(of) ? withAdvisoryLock({ run }, locks.takingRuns, takeThem) : takeThem()
  const { rows } = await taken
  const [due, version, isAlive] = rows[0] ?? []
  if (version !== handlers.version) throw outdated
  if (isAlive !== true) throw leaseEnded()
  const runs = rows.flatMap(row => (row[3] === null ? [] : [toRun(row.slice(3), handlers)]))
  return { runs, left: runs.length === max || Number(due) > runs.length }
}

function leaseEnded(): Error {
  return new Error('the lease of this server has ended: it takes no runs until it has a new one')
}

function toRun(row: readonly unknown[], handlers: Handlers): Run {
  const [id, fullName, eventType, sender, requestId, nodeId, parentNodeId, attempt, failures, depth] = row
  const [param, caller, runType, chainOwner] = row.slice(10)
  const handler = handlers.byName(String(fullName))
  if (handler === undefined) throw new TypeError('taken for a handler that was not asked for')
  return {
    id: Number(id),
    handler,
    attempt: Number(attempt),
    failures: Number(failures),
    sender: String(sender),
    eventType: String(eventType),
    runType: String(runType) as RunType,
    requestId: String(requestId),
    chainOwner: chainOwner as ChainOwner,
    nodeId: String(nodeId),
    parentNodeId: parentNodeId === null ? null : String(parentNodeId),
    depth: Number(depth),
    kwargs: param === null ? null : parseJson(String(param)),
    caller: caller === null ? [] : (JSON.parse(String(caller)) as Origin[]),
  }
}
