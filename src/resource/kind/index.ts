import type { Resource } from '../resource.ts'
import { auditLog } from './audit-log.ts'
import { changeEvent } from './change-event.ts'
import { eventLog } from './event-log.ts'
import { executionEvent } from './execution-event.ts'
import { jsResult } from './js-result.ts'
import { serviceEvent } from './service-event.ts'

/** Every kind of record there is: a new one is one more line here. */
const kinds = [jsResult, eventLog, serviceEvent, executionEvent, changeEvent, auditLog] as const

export type Kind = (typeof kinds)[number]

export const resources: readonly Resource[] = kinds

/** The kind of record of this name. */
export function resourceNamed(name: unknown): Resource | undefined {
  return resources.find(resource => resource.name === name)
}
