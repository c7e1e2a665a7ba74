import type { Database, Runner } from '../database/database.ts'
import { rawStatement } from '../database/statement.ts'
import { createStore } from '../definition/store.ts'
import { type Monitor, monitor } from './monitor.ts'

const store = createStore(monitor)

/** A monitor that this server is to evaluate now. */
export interface Claimed {
  readonly monitor: Monitor
  /** The database's time, epoch milliseconds: servers' clocks differ. */
  readonly now: number
}

export interface ClaimOptions {
  /** How many monitors of each token are being evaluated here. */
  readonly busy: ReadonlyMap<string, number>
  /** The most of one token that are evaluated here at once. */
  readonly mostOfToken: number
  readonly most: number
  /** When others take over from a server that fell silent. */
  readonly leaseMs: number
}

const due = `enabled and (next_time is null or next_time <= now())
  and (claimed_until is null or claimed_until <= now())`

/** In how many milliseconds the next one is due; null: none will be. Asked each second, see Database.everySecond. */
export const msUntilDue = `(select (extract(epoch from
  min(coalesce(greatest(next_time, claimed_until), now())) - now()) * 1000)::float8 from monitor where enabled)`

// Two servers looking at the same time skip each other's rows; the later one finds them taken.
const claim = rawStatement(
  `with ranked as (
     select m.id, m.next_time,
       coalesce(b.n, 0) + row_number() over (partition by m.token_key order by m.next_time nulls first, m.id) as place
     from monitor m left join unnest($1::text[], $2::int[]) as b(token_key, n) on b.token_key = m.token_key
     where ${due}
   ), taken as (
     select id as taken_id from monitor
     where ${due} and id in (
       select id from ranked where place <= $3::int order by next_time nulls first, id limit $4::int)
     for update skip locked
   )
   update monitor set version = version + 1, claimed_until = now() + $5::float8 * interval '1 millisecond'
   from taken where id = taken_id
   returning ${store.columns}, (date_part('epoch', now()) * 1000)::bigint`,
)

/** Takes the monitors that have waited longest, and no more than its share for one token. */
export async function claimDue(
  { run }: Pick<Database, 'run'>,
  { busy, mostOfToken, most, leaseMs }: ClaimOptions,
): Promise<readonly Claimed[]> {
  const { rows } = await run(claim, [[...busy.keys()], [...busy.values()], mostOfToken, most, leaseMs])
  return rows.map(row => ({ monitor: store.read(row), now: Number(row.at(-1)) }))
}

/** What an evaluation has found; times in epoch milliseconds. */
export type Finding = Pick<
  Monitor,
  'state' | 'since' | 'is_open' | 'failures' | 'count' | 'evaluated_time' | 'last_error'
> & { readonly next_time: number }

const time = (slot: string): string => `to_timestamp(${slot}::float8 / 1000)`

const settle = rawStatement(
  `update monitor set state = $3, since = ${time('$4')}, is_open = $5, failures = $6, count = $7::bigint,
     evaluated_time = ${time('$8')}, last_error = $9, next_time = ${time('$10')}, claimed_until = null,
     version = version + 1
   where id = $1 and version = $2`,
)

/** False, with nothing changed, when the monitor was changed or deleted meanwhile, or another server has taken it. */
export async function settleMonitor(
  { run }: Pick<Runner, 'run'>,
  { id, version }: Pick<Monitor, 'id' | 'version'>,
  found: Finding,
): Promise<boolean> {
  const { affected } = await run(settle, [
    id,
    version,
    found.state,
    found.since,
    found.is_open,
    found.failures,
    found.count,
    found.evaluated_time,
    found.last_error,
    found.next_time,
  ])
  return affected > 0
}
