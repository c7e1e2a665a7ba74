import { and, isNotNull, isNull } from '../../condition/predicate.ts'
import { defineResource, type ResourceField } from '../resource.ts'

const fields = [
  { name: 'id', kind: 'id', append: 'generated', summary: 'Record id' },
  { name: 'js_worker_id', kind: 'integer', nullable: true, append: 'optional', summary: 'Id of the worker' },
  { name: 'js_worker_name', kind: 'name', append: 'required', summary: 'Name of the worker' },
  {
    name: 'run_type',
    kind: 'name',
    append: 'optional',
    initial: () => 'call',
    summary: 'How it was run, e.g. call',
  },
  {
    name: 'start_time',
    kind: 'time',
    nullable: true,
    append: 'optional',
    initial: (_given, now) => now,
    summary: 'When the run began, epoch ms; absent on append: now',
  },
  {
    name: 'finish_time',
    kind: 'time',
    nullable: true,
    append: 'optional',
    summary: 'When it ended, epoch ms',
  },
  { name: 'param', kind: 'json', nullable: true, append: 'optional', summary: 'What the run was given' },
  { name: 'result', kind: 'json', nullable: true, append: 'optional', summary: 'What it returned' },
  { name: 'error_message', kind: 'text', nullable: true, append: 'optional', summary: 'Why it failed' },
] as const satisfies readonly ResourceField[]

const running = and(isNull('result'), isNull('error_message'))

/** What script workers ran (seed 002): nine members, in this order. */
export const jsResult = defineResource({
  name: 'js-result',
  summary: 'runs of script workers',
  table: 'js_result',
  fields,
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
