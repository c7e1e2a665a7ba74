import type { Runner } from '../database/database.ts'
import { rawStatement } from '../database/statement.ts'
import type { NameSet } from '../permission/name-set.ts'

/** An instance of a server, or of a program that does the work of remote handlers. */
export interface Machine {
  readonly name: string
  readonly kind: 'server' | 'remote'
  readonly hostName: string
}

/** How often a running machine reports, in milliseconds. */
export const reportMs = 30_000

// A server keeps its name: a caller that may claim tasks must not pass for a server.
const report = rawStatement(
  `insert into machine as m (name, kind, host_name, status, is_unresponsive, reporting_time, created_time)
   values ($1, $2, $3, 'Available', false, now(), now())
   on conflict (name) do update set kind = excluded.kind, host_name = excluded.host_name, status = excluded.status,
     is_unresponsive = false, reporting_time = excluded.reporting_time
   where m.kind = excluded.kind or excluded.kind = 'server'`,
)

const disconnect = rawStatement(
  `update machine set status = 'Disconnected' where name = $1 and kind = 'server' and status <> 'Disconnected'
     and not exists (select from server_lease where machine = $1 and lease_until > now())`,
)

// Servers sweeping concurrently wait for each other's rows, and then find nothing left to change.
const sweep = rawStatement(
  `update machine set is_unresponsive = true,
     status = case when reporting_time < now() - interval '10 minutes' then 'Disconnected' else status end
   where status = 'Available' and reporting_time < now() - interval '90 seconds'
     and (not is_unresponsive or reporting_time < now() - interval '10 minutes')`,
)

/** Reports a running machine; the time is the database's. State changes become change events. */
export async function reportMachine({ run }: Pick<Runner, 'run'>, machine: Machine): Promise<void> {
  await run(report, [machine.name, machine.kind, machine.hostName])
}

/** Reports that a server has ended, unless another of the same name is alive. */
export async function disconnectServer({ run }: Pick<Runner, 'run'>, name: string): Promise<void> {
  await run(disconnect, [name])
}

/**
 * Machines that have not reported for 90 seconds become unresponsive, and disconnected after ten minutes, as
 * those of UiPath Insights do. Those that reported their end stay as they are.
 */
export async function sweepMachines({ run }: Pick<Runner, 'run'>): Promise<void> {
  await run(sweep, [])
}

/** A machine as it reported last; times are epoch milliseconds. */
export interface ShownMachine {
  readonly name: string
  readonly kind: Machine['kind']
  readonly host_name: string
  readonly status: 'Available' | 'Disconnected'
  readonly is_unresponsive: boolean
  readonly reporting_time: number
  readonly created_time: number
}

const list = rawStatement(
  `select to_json(m) from (
     select name, kind, host_name, status, is_unresponsive,
       floor(extract(epoch from reporting_time) * 1000)::bigint as reporting_time,
       floor(extract(epoch from created_time) * 1000)::bigint as created_time
     from machine, lateral (select 'machine/' || name as folder) as f
     where $1::boolean or folder = any($2::text[])
       or exists (select from unnest($3::text[]) as prefix where starts_with(folder, prefix))
     order by status, machine.reporting_time desc, id limit $4) as m`,
)

// Its change events are in the folder "machine/NAME", as machine_event of sql/0013_change_events.sql says.
/** The machines whose folder is one of these: those that are available first, then those that reported last. */
export async function listMachines(
  { run }: Pick<Runner, 'run'>,
  { everything, names, prefixes }: NameSet,
  limit: number,
): Promise<readonly ShownMachine[]> {
  const { rows } = await run(list, [everything, names, prefixes, limit])
  return rows.map(
    ([machine]) => (typeof machine === 'string' ? JSON.parse(machine) : machine) as ShownMachine,
  )
}
