import { valueWord } from '../../condition/language.ts'
import { appendTime, generated, optional, required } from '../field.ts'
import { defineResource } from '../resource.ts'

/** What happened to services (ModelArts ShowServiceEvents). */
export const serviceEvent = defineResource({
  name: 'service-event',
  summary: 'events of services',
  table: 'service_event',
  fields: [
    generated('id', 'id', 'Record id'),
    required('project_id', 'name', 'The project that the service belongs to'),
    required('service_id', 'name', 'Id of the service'),
    required('service_name', 'name', 'Name of the service'),
    optional('event_type', 'enum', 'Absent on append: normal', {
      values: ['normal', 'abnormal'],
      initial: () => 'normal',
    }),
    required('event_info', 'text', 'What happened'),
    optional('occur_time', 'time', 'When it happened, epoch ms; absent on append: now', {
      initial: appendTime,
    }),
  ],
  newestBy: 'occur_time',
  nameField: 'service_id',
  scope: 'service',
  permission: 'service_event',
  words: [valueWord('is_success', 'event_type', 'normal'), valueWord('is_failure', 'event_type', 'abnormal')],
})
