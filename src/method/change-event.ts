import { envelopesMethod } from './change-event/envelopes.ts'
import { publishMethod } from './change-event/publish.ts'
import type { LogMethodDeps } from './log/log-method.ts'
import type { Method } from './method.ts'

/** What change events have beside every resource's methods: programs publish them, and read them as seed 004 shows them. */
export function changeEventMethods(log: LogMethodDeps): readonly Method[] {
  return [publishMethod(log), envelopesMethod(log)]
}
