import type { EventLogRow, JsResultRow, NewEventLogRow, NewJsResultRow } from '../resource/index.ts'
import type { Condition } from './condition.ts'

export type { EventLogRow, JsResultRow, NewEventLogRow, NewJsResultRow }

/** Milliseconds since 1970-01-01T00:00:00Z. */
export type EpochMs = number

export type JsResultCondition = Condition<{
  equal: Pick<JsResultRow, 'id' | 'js_worker_name' | 'run_type'> & { js_worker_id: number }
  names: 'js_worker_name' | 'run_type'
  times: 'start_time' | 'finish_time'
  words: 'is_success' | 'is_failure' | 'is_running'
}>

type EventLogName = 'full_name' | 'event_type' | 'sender' | 'request_id' | 'node_id'

export type EventLogCondition = Condition<{
  equal: Pick<EventLogRow, EventLogName | 'id' | 'run_type' | 'status'> & { parent_node_id: string }
  names: EventLogName | 'parent_node_id'
  times: 'created_time' | 'start_time' | 'finish_time'
  words: 'is_success' | 'is_failure' | 'is_running' | 'is_waiting'
}>

/** Every resource: its rows as they are read and as they are appended, and its conditions. */
export interface Resources {
  'js-result': {
    row: JsResultRow
    newRow: NewJsResultRow
    condition: JsResultCondition
  }
  'event-log': {
    row: EventLogRow
    newRow: NewEventLogRow
    condition: EventLogCondition
  }
}

export type ResourceName = keyof Resources
export type Row<R extends ResourceName> = Resources[R]['row']
export type NewRow<R extends ResourceName> = Resources[R]['newRow']
export type ConditionOf<R extends ResourceName> = Resources[R]['condition']
