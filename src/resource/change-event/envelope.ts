import { z } from 'zod'
import { parseJson, stringifyJson } from '../../json.ts'
import type { ChangeEventRow } from '../kind/change-event.ts'
import { bodySchemaOf } from './families.ts'

/** A change event as seed 004 shows it. */
export const envelopeSchema = z.strictObject({
  body: z
    .looseObject({
      EventType: z.string(),
      SchemaVersion: z.string(),
      Timestamp: z.string(),
      TenantKey: z.string(),
      TenantName: z.string(),
      FolderName: z.string(),
      FullFolderPath: z.string(),
      FolderKey: z.string(),
    })
    .describe('The members of its type and the common fields'),
  'x-opt-sequence-number': z.int(),
  'x-opt-offset': z.string(),
  'x-opt-enqueued-time': z.int().describe('Epoch ms'),
  'Diagnostic-Id': z.string(),
})

export type Envelope = z.output<typeof envelopeSchema>

/** The envelope of a change event, its members in the order of seed 004. */
export function envelopeOf(row: ChangeEventRow): Envelope {
  return {
    body: {
      ...inOrder(row),
      EventType: row.event_type,
      SchemaVersion: row.schema_version,
      Timestamp: new Date(row.timestamp).toISOString(),
      TenantKey: row.tenant_key,
      TenantName: row.tenant_name,
      FolderName: row.folder_name,
      FullFolderPath: row.full_folder_path,
      FolderKey: row.folder_key,
    },
    'x-opt-sequence-number': row.sequence_number,
    'x-opt-offset': row.offset,
    'x-opt-enqueued-time': row.enqueued_time,
    'Diagnostic-Id': row.diagnostic_id,
  }
}

/** The envelope on a single line, from the wire row's JSON text; every number keeps its digits. */
export function envelopeText(row: string): string {
  return stringifyJson(envelopeOf(parseJson(row) as ChangeEventRow))
}

// The database keeps members in an order of its own; the schema knows the seed's. What does not fit it (a record that
// was imported) is shown as it is.
function inOrder({ event_type: type, body }: ChangeEventRow): object {
  const parsed = bodySchemaOf(type)?.safeParse(body)
  return parsed?.success === true ? parsed.data : Object(body)
}
