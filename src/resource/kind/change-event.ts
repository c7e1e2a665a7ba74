import { parseJson, stringifyJson } from '../../json.ts'
import type { Envelope } from '../change-event/envelope.ts'
import { bodySchemaOf } from '../change-event/families.ts'
import { generated, optional, required } from '../field.ts'
import { defineResource } from '../resource.ts'
import type { RowOf } from '../row.ts'

const unfiltered = { filter: false } as const

const fields = [
  generated('sequence_number', 'id', 'From 1, without a hole'),
  generated('offset', 'name', 'Bytes of bodies that lie before it', unfiltered),
  generated('enqueued_time', 'time', 'When it was numbered, epoch ms'),
  optional('diagnostic_id', 'name', 'W3C traceparent'),
  required('event_type', 'name', 'As UiPath Insights writes it, e.g. job.started'),
  optional('schema_version', 'name', '0.0.1', unfiltered),
  optional('timestamp', 'time', 'When it happened, epoch ms', unfiltered),
  optional('tenant_key', 'name', 'Guid of the tenant', unfiltered),
  optional('tenant_name', 'name', 'Name of the tenant', unfiltered),
  optional('folder_name', 'name', 'Name of the folder', unfiltered),
  required('full_folder_path', 'name', 'Where it happened'),
  optional('folder_key', 'name', 'Guid of the folder', unfiltered),
  required('body', 'json', 'What the event type says beside these', unfiltered),
] as const

type ChangeEventRow = RowOf<typeof fields>

/** Everything that happens, in the order in which it was committed (UiPath Insights events). */
export const changeEvent = defineResource({
  name: 'change-event',
  summary: 'change events',
  table: 'change_event',
  fields,
  newestBy: 'enqueued_time',
  nameField: 'full_folder_path',
  scope: 'folder',
  permission: 'change_event',
  words: [
    {
      name: 'is_failure',
      summary: 'event_type is job.faulted or queueItem.transactionFailed',
      predicate: {
        type: 'any',
        column: 'event_type',
        values: ['job.faulted', 'queueItem.transactionFailed'],
        isLiteral: true,
      },
    },
  ],
  recorded: 'publish',
  envelope: envelopeText,
})

/** The envelope on a single line, from the wire row's JSON text; every number keeps its digits. */
export function envelopeText(row: string): string {
  return stringifyJson(envelopeOf(parseJson(row) as ChangeEventRow))
}

/** The envelope of a change event, its members in the order of UiPath Insights. */
function envelopeOf(row: ChangeEventRow): Envelope {
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

// The database keeps members in an order of its own; the schema knows theirs. A body that does not fit it (of a record that
// was imported) is shown as it is.
function inOrder({ event_type: type, body }: ChangeEventRow): object {
  const parsed = bodySchemaOf(type)?.safeParse(body)
  return parsed?.success === true ? parsed.data : Object(body)
}
