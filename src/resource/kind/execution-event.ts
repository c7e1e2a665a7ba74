import { equalOneOfFew } from '../../condition/predicate.ts'
import { defineResource, type GivenRow, type ResourceField } from '../resource.ts'
import type { NewRowOf, RowOf } from '../row.ts'

/** One time is enough: whoever gives the first or the last alone means both. */
const timeOr =
  (other: string) =>
  (given: GivenRow, now: number): unknown =>
    given[other] ?? now

const fields = [
  { name: 'id', kind: 'id', append: 'generated', summary: 'Record id' },
  { name: 'execution_id', kind: 'name', append: 'required', summary: 'Id of the execution' },
  { name: 'name', kind: 'name', append: 'required', summary: 'Name of the event' },
  { name: 'namespace', kind: 'name', append: 'required', summary: 'Namespace of the event' },
  {
    name: 'object_name',
    kind: 'name',
    nullable: true,
    filter: false,
    append: 'optional',
    summary: 'What it is about; null: what its name says before a point and hexadecimal digits',
  },
  { name: 'reason', kind: 'text', append: 'required', summary: 'What it says in a word' },
  { name: 'message', kind: 'text', append: 'required', summary: 'What it says' },
  {
    name: 'type',
    kind: 'enum',
    values: ['Normal', 'Warning'],
    append: 'optional',
    initial: () => 'Normal',
    summary: 'Absent on append: Normal',
  },
  { name: 'elem_type', kind: 'name', nullable: true, append: 'optional', summary: 'Type of the element' },
  { name: 'elem_id', kind: 'name', nullable: true, append: 'optional', summary: 'Name of the element' },
  { name: 'action_name', kind: 'name', nullable: true, append: 'optional', summary: 'What was done with it' },
  {
    name: 'first_timestamp',
    kind: 'time',
    append: 'optional',
    initial: timeOr('last_timestamp'),
    summary: 'When it was reported first, epoch ms; absent on append: last_timestamp, else now',
  },
  {
    name: 'last_timestamp',
    kind: 'time',
    append: 'optional',
    initial: timeOr('first_timestamp'),
    summary: 'When it was reported last, epoch ms; absent on append: first_timestamp, else now',
  },
  {
    name: 'count',
    kind: 'integer',
    minimum: 1,
    append: 'optional',
    initial: () => 1,
    summary: 'How often it was reported; absent on append: 1',
  },
] as const satisfies readonly ResourceField[]

export type ExecutionEventRow = RowOf<typeof fields>
export type NewExecutionEventRow = NewRowOf<typeof fields>

/** What happened in executions (seed 003). The same event once more raises its count. */
export const executionEvent = defineResource({
  name: 'execution-event',
  summary: 'events of executions',
  table: 'execution_event',
  fields,
  newestBy: 'last_timestamp',
  nameField: 'execution_id',
  scope: 'execution',
  permission: 'execution_event',
  words: [
    { name: 'is_success', summary: 'type is Normal', predicate: equalOneOfFew('type', 'Normal') },
    { name: 'is_failure', summary: 'type is Warning', predicate: equalOneOfFew('type', 'Warning') },
  ],
  merge: {
    key: 'merge_key',
    count: 'count',
    first: 'first_timestamp',
    last: 'last_timestamp',
    identity: ['execution_id', 'name', 'namespace'],
  },
})
