import type { Resource } from '../resource.ts'
import { changeEvent } from './change-event.ts'
import { eventLog } from './event-log.ts'
import { executionEvent } from './execution-event.ts'
import { jsResult } from './js-result.ts'
import { serviceEvent } from './service-event.ts'

export type { ChangeEventRow } from './change-event.ts'
export type { EventLogRow, NewEventLogRow } from './event-log.ts'
export type { ExecutionEventRow, NewExecutionEventRow } from './execution-event.ts'
export type { JsResultRow, NewJsResultRow } from './js-result.ts'
export type { NewServiceEventRow, ServiceEventRow } from './service-event.ts'

/** Every kind of record there is: a new one is one more line here. */
export const resources: readonly Resource[] = [jsResult, eventLog, serviceEvent, executionEvent, changeEvent]
