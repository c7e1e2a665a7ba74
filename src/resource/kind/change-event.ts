import { envelopeText } from '../change-event/envelope.ts'
import { defineResource, type ResourceField } from '../resource.ts'
import type { RowOf } from '../row.ts'

const fields = [
  { name: 'sequence_number', kind: 'id', append: 'generated', summary: 'From 1, without a hole' },
  {
    name: 'offset',
    kind: 'name',
    filter: false,
    append: 'generated',
    summary: 'Bytes of bodies that lie before it',
  },
  { name: 'enqueued_time', kind: 'time', append: 'generated', summary: 'When it was numbered, epoch ms' },
  { name: 'diagnostic_id', kind: 'name', append: 'optional', summary: 'W3C traceparent' },
  {
    name: 'event_type',
    kind: 'name',
    append: 'required',
    summary: 'As UiPath Insights writes it, e.g. job.started',
  },
  { name: 'schema_version', kind: 'name', filter: false, append: 'optional', summary: '0.0.1' },
  {
    name: 'timestamp',
    kind: 'time',
    filter: false,
    append: 'optional',
    summary: 'When it happened, epoch ms',
  },
  { name: 'tenant_key', kind: 'name', filter: false, append: 'optional', summary: 'Guid of the tenant' },
  { name: 'tenant_name', kind: 'name', filter: false, append: 'optional', summary: 'Name of the tenant' },
  { name: 'folder_name', kind: 'name', filter: false, append: 'optional', summary: 'Name of the folder' },
  { name: 'full_folder_path', kind: 'name', append: 'required', summary: 'Where it happened' },
  { name: 'folder_key', kind: 'name', filter: false, append: 'optional', summary: 'Guid of the folder' },
  {
    name: 'body',
    kind: 'json',
    filter: false,
    append: 'required',
    summary: 'What the event type says beside these',
  },
] as const satisfies readonly ResourceField[]

export type ChangeEventRow = RowOf<typeof fields>

/** Everything that happens, in the order in which it was committed (seed 004). */
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
      },
    },
  ],
  recorded: 'publish',
  envelope: envelopeText,
})
