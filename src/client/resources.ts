import type {
  ChangeEventRow,
  EventLogRow,
  ExecutionEventRow,
  JsResultRow,
  NewEventLogRow,
  NewExecutionEventRow,
  NewJsResultRow,
  NewServiceEventRow,
  ServiceEventRow,
} from '../resource/kind/index.ts'
import type { Condition } from './condition.ts'

export type {
  ChangeEventRow,
  EventLogRow,
  ExecutionEventRow,
  JsResultRow,
  NewEventLogRow,
  NewExecutionEventRow,
  NewJsResultRow,
  NewServiceEventRow,
  ServiceEventRow,
}

/** Milliseconds since 1970-01-01T00:00:00Z. */
export type EpochMs = number

/** What a run was given, and what became of it. */
interface RunContents {
  param: unknown
  result: unknown
  error_message: string
}

export type JsResultCondition = Condition<{
  equal: Pick<JsResultRow, 'id' | 'js_worker_name' | 'run_type'> & { js_worker_id: number }
  names: 'js_worker_name' | 'run_type'
  times: 'start_time' | 'finish_time'
  contents: RunContents
  words: 'is_success' | 'is_failure' | 'is_running'
}>

type EventLogName = 'full_name' | 'event_type' | 'sender' | 'request_id' | 'node_id'

export type EventLogCondition = Condition<{
  equal: Pick<EventLogRow, EventLogName | 'id' | 'run_type' | 'status' | 'attempt'> & {
    parent_node_id: string
  }
  names: EventLogName | 'parent_node_id'
  times: 'created_time' | 'start_time' | 'finish_time'
  contents: RunContents
  words: 'is_success' | 'is_failure' | 'is_running' | 'is_waiting'
}>

type ServiceEventName = 'project_id' | 'service_id' | 'service_name'

export type ServiceEventCondition = Condition<{
  equal: Pick<ServiceEventRow, ServiceEventName | 'id' | 'event_type'>
  names: ServiceEventName
  times: 'occur_time'
  contents: { event_info: string }
  words: 'is_success' | 'is_failure'
}>

interface Element {
  elem_type: string
  elem_id: string
  action_name: string
}
type ExecutionEventName = 'execution_id' | 'name' | 'namespace'

export type ExecutionEventCondition = Condition<{
  equal: Pick<ExecutionEventRow, ExecutionEventName | 'id' | 'type' | 'count'> & Element
  names: ExecutionEventName | keyof Element
  times: 'first_timestamp' | 'last_timestamp'
  contents: { reason: string; message: string }
  words: 'is_success' | 'is_failure'
}>

type ChangeEventName = 'diagnostic_id' | 'event_type' | 'full_folder_path'

export type ChangeEventCondition = Condition<{
  equal: Pick<ChangeEventRow, ChangeEventName | 'sequence_number'>
  names: ChangeEventName
  times: 'enqueued_time'
  contents: object
  words: 'is_failure'
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
  'service-event': {
    row: ServiceEventRow
    newRow: NewServiceEventRow
    condition: ServiceEventCondition
  }
  'execution-event': {
    row: ExecutionEventRow
    newRow: NewExecutionEventRow
    condition: ExecutionEventCondition
  }
  'change-event': {
    row: ChangeEventRow
    /** They are published, not appended. */
    newRow: never
    condition: ChangeEventCondition
  }
}

export type ResourceName = keyof Resources
/** The resources whose records are appended. */
export type AppendedName = Exclude<ResourceName, 'change-event'>
/** The resources whose records are runs, which can be ended. */
export type RunName = 'js-result' | 'event-log'
export type Row<R extends ResourceName> = Resources[R]['row']
export type NewRow<R extends AppendedName> = Resources[R]['newRow']
export type ConditionOf<R extends ResourceName> = Resources[R]['condition']
