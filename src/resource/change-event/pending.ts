import { channels, notifySql } from '../../database/channels.ts'
import type { Runner } from '../../database/database.ts'
import { nextId } from '../../database/next-id.ts'
import { rawStatement } from '../../database/statement.ts'

/** A change event that is not numbered yet; null is filled in by the database. */
export interface PendingEvent {
  readonly diagnosticId: string | null
  readonly eventType: string
  readonly schemaVersion: string
  /** Epoch milliseconds. */
  readonly timestamp: number
  readonly tenantKey: string | null
  readonly tenantName: string | null
  readonly folderName: string
  readonly fullFolderPath: string
  readonly folderKey: string | null
  /** JSON text of an object: what its type says beside the common fields. */
  readonly body: string
}

// Whoever numbers is woken by the transaction that wrote.
const insert = rawStatement(
  `with given as materialized (
     select ${nextId('pending_change')} as id, r.*
     from unnest($1::text[], $2::text[], $3::text[], $4::float8[], $5::text[], $6::text[], $7::text[], $8::text[],
       $9::text[], $10::text[]) with ordinality
       as r(diagnostic_id, event_type, schema_version, timestamp, tenant_key, tenant_name, folder_name,
         full_folder_path, folder_key, body, place)
     order by place
   ), written as (
     insert into pending_change (id, diagnostic_id, event_type, schema_version, timestamp, tenant_key, tenant_name,
       folder_name, full_folder_path, folder_key, body, is_own)
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
  const column = <T>(value: (event: PendingEvent) => T): readonly T[] => events.map(value)
  await runner.run(insert, [
    column(event => event.diagnosticId),
    column(event => event.eventType),
    column(event => event.schemaVersion),
    column(event => event.timestamp),
    column(event => event.tenantKey),
    column(event => event.tenantName),
    column(event => event.folderName),
    column(event => event.fullFolderPath),
    column(event => event.folderKey),
    column(event => event.body),
  ])
}
