import { randomUUID } from 'node:crypto'
import { valueWord } from '../../condition/language.ts'
import { equalOneOfFew, or } from '../../condition/predicate.ts'
import { addChainOwners } from '../chain-owner.ts'
import { appendTime, generated, nullable, optional, required } from '../field.ts'
import { defineResource, type GivenRow } from '../resource.ts'

/** The event type of an event whose sender named none (JitAi event service). */
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

/** What event handlers did (JitAi event service). */
export const eventLog = defineResource({
  name: 'event-log',
  summary: 'runs of event handlers',
  table: 'event_log',
  fields: [
    generated('id', 'id', 'Record id'),
    required('full_name', 'name', 'Full name of the handler'),
    optional('event_type', 'name', `Type of the event; absent on append: ${defaultEventType}`, {
      initial: () => defaultEventType,
    }),
    required('sender', 'name', 'Who sent the event'),
    optional('run_type', 'enum', 'What set the handler off; absent on append: send', {
      values: runTypes,
      initial: () => 'send',
    }),
    optional('status', 'enum', 'Absent on append: what the other members say', {
      values: eventStatuses,
      initial: statusOf,
    }),
    optional('request_id', 'name', 'The chain it belongs to; absent on append: a new one', {
      initial: () => randomUUID(),
    }),
    optional('node_id', 'name', 'Its place in the chain; absent on append: a new one', {
      initial: () => randomUUID(),
    }),
    nullable('parent_node_id', 'name', 'The place that set it off'),
    optional('attempt', 'integer', 'Which try this is, from 1', { initial: () => 1 }),
    optional('created_time', 'time', 'When it was recorded, epoch ms; absent on append: now', {
      initial: appendTime,
    }),
    nullable('start_time', 'time', 'When it began, epoch ms'),
    nullable('finish_time', 'time', 'When it ended, epoch ms'),
    nullable('param', 'json', 'The arguments of the event'),
    nullable('result', 'json', 'What the handler returned'),
    nullable('error_message', 'text', 'Why it failed'),
  ],
  newestBy: 'created_time',
  nameField: 'full_name',
  scope: 'event',
  permission: 'event_log',
  words: [
    valueWord('is_success', 'status', 'success'),
    valueWord('is_failure', 'status', 'fail'),
    valueWord('is_running', 'status', 'running'),
    valueWord('is_waiting', 'status', 'waiting'),
  ],
  unseen: {
    fields: [nullable('chain_owner', 'text', 'Whose chain it is')],
    fill: addChainOwners,
  },
  finish: {
    open: or(equalOneOfFew('status', 'waiting'), equalOneOfFew('status', 'running')),
    status: { column: 'status', success: 'success', failure: 'fail' },
  },
})
