import { channels, notifySql } from '../../database/channels.ts'
import type { Runner } from '../../database/database.ts'
import { nextId } from '../../database/next-id.ts'
import { rawStatement } from '../../database/statement.ts'

/** A change event that is not numbered yet; null is filled in by the database. */
export interface PendingEvent {
  readonly diagnostic_id: string | null
  readonly event_type: string
  readonly schema_version: string
  /** Epoch milliseconds. */
  readonly timestamp: number
  readonly tenant_key: string | null
  readonly tenant_name: string | null
  readonly folder_name: string
  readonly full_folder_path: string
  readonly folder_key: string | null
  /** JSON text of an object: what its type says beside the common fields. */
  readonly body: string
}

const columns = [
  'diagnostic_id',
  'event_type',
  'schema_version',
  'timestamp',
  'tenant_key',
  'tenant_name',
  'folder_name',
  'full_folder_path',
  'folder_key',
  'body',
] as const satisfies readonly (keyof PendingEvent)[]

const arrays = columns.map((name, i) => `$${i + 1}::${name === 'timestamp' ? 'float8' : 'text'}[]`)

// The transaction that wrote wakes the one who numbers.
const insert = rawStatement(
  `with given as materialized (
     select ${nextId('pending_change')} as id, r.*
     from unnest(${arrays}) with ordinality as r(${columns}, place)
     order by place
   ), written as (
     insert into pending_change (id, ${columns}, is_own)
     overriding system value
     select id, coalesce(diagnostic_id, trace_of(gen_random_uuid())), event_type, schema_version,
       to_timestamp(timestamp / 1000), tenant_key, tenant_name, folder_name, full_folder_path, folder_key, body::json, false
     from given
     returning id)
   select ${notifySql(channels.change)} from (select count(*) from written) as w`,
)

/** Writes events to be numbered in this order, all or none. */
export async function insertPending(
  runner: Pick<Runner, 'run'>,
  events: readonly PendingEvent[],
): Promise<void> {
  await runner.run(
    insert,
    columns.map(name => events.map(event => event[name])),
  )
}
