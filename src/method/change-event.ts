import { envelopesMethod } from './change-event/envelopes.ts'
import { publishMethod } from './change-event/publish.ts'
import type { Method } from './method.ts'
import type { LogMethodDeps } from './record/record-method.ts'

/** What change events have beside every resource's methods: programs publish them, and read them as seed 004 shows them. */
export function changeEventMethods(log: LogMethodDeps): readonly Method[] {
  return [publishMethod(log), envelopesMethod(log)]
}
