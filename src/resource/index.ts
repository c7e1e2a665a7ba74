import { eventLog } from './event-log.ts'
import { jsResult } from './js-result.ts'
import type { Resource } from './resource.ts'

export type { EventLogRow, NewEventLogRow } from './event-log.ts'
export type { JsResultRow, NewJsResultRow } from './js-result.ts'

/** Every kind of record there is: a new one is one more line here. */
export const resources: readonly Resource[] = [jsResult, eventLog]
