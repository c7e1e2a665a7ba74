import { equalOneOfFew } from '../../condition/predicate.ts'
import { defineResource, type ResourceField } from '../resource.ts'

const fields = [
  { name: 'id', kind: 'id', append: 'generated', summary: 'Record id' },
  {
    name: 'project_id',
    kind: 'name',
    append: 'required',
    summary: 'The project that the service belongs to',
  },
  { name: 'service_id', kind: 'name', append: 'required', summary: 'Id of the service' },
  { name: 'service_name', kind: 'name', append: 'required', summary: 'Name of the service' },
  {
    name: 'event_type',
    kind: 'enum',
    values: ['normal', 'abnormal'],
    append: 'optional',
    initial: () => 'normal',
    summary: 'Absent on append: normal',
  },
  { name: 'event_info', kind: 'text', append: 'required', summary: 'What happened' },
  {
    name: 'occur_time',
    kind: 'time',
    append: 'optional',
    initial: (_given, now) => now,
    summary: 'When it happened, epoch ms; absent on append: now',
  },
] as const satisfies readonly ResourceField[]

/** What happened to services (seed 001). */
export const serviceEvent = defineResource({
  name: 'service-event',
  summary: 'events of services',
  table: 'service_event',
  fields,
  newestBy: 'occur_time',
  nameField: 'service_id',
  scope: 'service',
  permission: 'service_event',
  words: [
    { name: 'is_success', summary: 'event_type is normal', predicate: equalOneOfFew('event_type', 'normal') },
    {
      name: 'is_failure',
      summary: 'event_type is abnormal',
      predicate: equalOneOfFew('event_type', 'abnormal'),
    },
  ],
})
