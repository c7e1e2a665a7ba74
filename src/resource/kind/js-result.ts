import { and, isNotNull, isNull } from '../../condition/predicate.ts'
import { appendTime, generated, nullable, optional, required } from '../field.ts'
import { defineResource } from '../resource.ts'

const running = and(isNull('result'), isNull('error_message'))

/** What script workers ran (NodeGet js-result): nine members, in this order. */
export const jsResult = defineResource({
  name: 'js-result',
  summary: 'runs of script workers',
  table: 'js_result',
  fields: [
    generated('id', 'id', 'Record id'),
    nullable('js_worker_id', 'integer', 'Id of the worker'),
    required('js_worker_name', 'name', 'Name of the worker'),
    optional('run_type', 'name', 'How it was run, e.g. call', { initial: () => 'call' }),
    nullable('start_time', 'time', 'When the run began, epoch ms; absent on append: now', {
      initial: appendTime,
    }),
    nullable('finish_time', 'time', 'When it ended, epoch ms'),
    nullable('param', 'json', 'What the run was given'),
    nullable('result', 'json', 'What it returned'),
    nullable('error_message', 'text', 'Why it failed'),
  ],
  newestBy: 'start_time',
  nameField: 'js_worker_name',
  scope: 'js_worker',
  permission: 'js_result',
  words: [
    {
      name: 'is_success',
      summary: 'The run returned: neither failed nor running',
      predicate: and(isNotNull('result'), isNull('error_message')),
    },
    { name: 'is_failure', summary: 'error_message is not null', predicate: isNotNull('error_message') },
    { name: 'is_running', summary: 'result and error_message are null', predicate: running },
  ],
  finish: { open: and(running, isNull('finish_time')) },
})
