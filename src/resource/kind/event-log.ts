import { randomUUID } from 'node:crypto'
import { equalOneOfFew, or } from '../../condition/predicate.ts'
import { addChainOwners } from '../chain-owner.ts'
import { defineResource, type GivenRow, type ResourceField } from '../resource.ts'

/** The event type of an event whose sender named none (seed 000). */
export const defaultEventType = 'events.NormalType'

/** What has become of a record. */
export const eventStatuses = ['waiting', 'running', 'success', 'fail'] as const
const runTypes = ['send', 'chain', 'cron', 'replay'] as const

/** The status of a row whose client gave none: what its other members say. */
function statusOf(given: GivenRow): (typeof eventStatuses)[number] {
  if ((given.error_message ?? null) !== null) return 'fail'
  if ((given.result ?? null) !== null || (given.finish_time ?? null) !== null) return 'success'
  return (given.start_time ?? null) === null ? 'waiting' : 'running'
}

const fields = [
  { name: 'id', kind: 'id', append: 'generated', summary: 'Record id' },
  { name: 'full_name', kind: 'name', append: 'required', summary: 'Full name of the handler' },
  {
    name: 'event_type',
    kind: 'name',
    append: 'optional',
    initial: () => defaultEventType,
    summary: `Type of the event; absent on append: ${defaultEventType}`,
  },
  { name: 'sender', kind: 'name', append: 'required', summary: 'Who sent the event' },
  {
    name: 'run_type',
    kind: 'enum',
    values: runTypes,
    append: 'optional',
    initial: () => 'send',
    summary: 'What set the handler off; absent on append: send',
  },
  {
    name: 'status',
    kind: 'enum',
    values: eventStatuses,
    append: 'optional',
    initial: statusOf,
    summary: 'Absent on append: what the other members say',
  },
  {
    name: 'request_id',
    kind: 'name',
    append: 'optional',
    initial: () => randomUUID(),
    summary: 'The chain it belongs to; absent on append: a new one',
  },
  {
    name: 'node_id',
    kind: 'name',
    append: 'optional',
    initial: () => randomUUID(),
    summary: 'Its place in the chain; absent on append: a new one',
  },
  {
    name: 'parent_node_id',
    kind: 'name',
    nullable: true,
    append: 'optional',
    summary: 'The place that set it off',
  },
  {
    name: 'attempt',
    kind: 'integer',
    append: 'optional',
    initial: () => 1,
    summary: 'Which try this is, from 1',
  },
  {
    name: 'created_time',
    kind: 'time',
    append: 'optional',
    initial: (_given, now) => now,
    summary: 'When it was recorded, epoch ms; absent on append: now',
  },
  {
    name: 'start_time',
    kind: 'time',
    nullable: true,
    append: 'optional',
    summary: 'When it began, epoch ms',
  },
  {
    name: 'finish_time',
    kind: 'time',
    nullable: true,
    append: 'optional',
    summary: 'When it ended, epoch ms',
  },
  { name: 'param', kind: 'json', nullable: true, append: 'optional', summary: 'The arguments of the event' },
  { name: 'result', kind: 'json', nullable: true, append: 'optional', summary: 'What the handler returned' },
  { name: 'error_message', kind: 'text', nullable: true, append: 'optional', summary: 'Why it failed' },
] as const satisfies readonly ResourceField[]

const waiting = equalOneOfFew('status', 'waiting')
const running = equalOneOfFew('status', 'running')

/** What event handlers did (seed 000). */
export const eventLog = defineResource({
  name: 'event-log',
  summary: 'runs of event handlers',
  table: 'event_log',
  fields,
  newestBy: 'created_time',
  nameField: 'full_name',
  scope: 'event',
  permission: 'event_log',
  words: [
    { name: 'is_success', summary: 'status is success', predicate: equalOneOfFew('status', 'success') },
    { name: 'is_failure', summary: 'status is fail', predicate: equalOneOfFew('status', 'fail') },
    { name: 'is_running', summary: 'status is running', predicate: running },
    { name: 'is_waiting', summary: 'status is waiting', predicate: waiting },
  ],
  unseen: {
    fields: [
      { name: 'chain_owner', kind: 'text', nullable: true, append: 'optional', summary: 'Whose chain it is' },
    ],
    fill: addChainOwners,
  },
  finish: {
    open: or(waiting, running),
    status: { column: 'status', success: 'success', failure: 'fail' },
  },
})
