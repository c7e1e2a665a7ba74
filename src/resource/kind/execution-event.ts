import { valueWord } from '../../condition/language.ts'
import { generated, nullable, optional, required } from '../field.ts'
import { defineResource, type GivenRow } from '../resource.ts'
import type { NewRowOf, RowOf } from '../row.ts'

/** One time is enough: a client that gives the first or the last alone means both. */
const timeOr =
  (other: string) =>
  (given: GivenRow, now: number): unknown =>
    given[other] ?? now

/** What happened in executions (GCS execution events). The same event once more raises its count. */
export const executionEvent = defineResource({
  name: 'execution-event',
  summary: 'events of executions',
  table: 'execution_event',
  fields: [
    generated('id', 'id', 'Record id'),
    required('execution_id', 'name', 'Id of the execution'),
    required('name', 'name', 'Name of the event'),
    required('namespace', 'name', 'Namespace of the event'),
    nullable(
      'object_name',
      'name',
      'What it is about; null: what its name says before a point and hexadecimal digits',
      { filter: false },
    ),
    required('reason', 'text', 'What it says in a word'),
    required('message', 'text', 'What it says'),
    optional('type', 'enum', 'Absent on append: Normal', {
      values: ['Normal', 'Warning'],
      initial: () => 'Normal',
    }),
    nullable('elem_type', 'name', 'Type of the element'),
    nullable('elem_id', 'name', 'Name of the element'),
    nullable('action_name', 'name', 'What was done with it'),
    optional(
      'first_timestamp',
      'time',
      'When it was reported first, epoch ms; absent on append: last_timestamp, else now',
      { initial: timeOr('last_timestamp') },
    ),
    optional(
      'last_timestamp',
      'time',
      'When it was reported last, epoch ms; absent on append: first_timestamp, else now',
      { initial: timeOr('first_timestamp') },
    ),
    optional('count', 'integer', 'How often it was reported; absent on append: 1', {
      minimum: 1,
      initial: () => 1,
    }),
  ],
  newestBy: 'last_timestamp',
  nameField: 'execution_id',
  scope: 'execution',
  permission: 'execution_event',
  words: [valueWord('is_success', 'type', 'Normal'), valueWord('is_failure', 'type', 'Warning')],
  merge: {
    key: 'merge_key',
    count: 'count',
    first: 'first_timestamp',
    last: 'last_timestamp',
    identity: ['execution_id', 'name', 'namespace'],
  },
})

export type ExecutionEventRow = RowOf<(typeof executionEvent)['fields']>
export type NewExecutionEventRow = NewRowOf<(typeof executionEvent)['fields']>
