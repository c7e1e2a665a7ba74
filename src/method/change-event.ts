import type { RecordService } from '../resource/records.ts'
import { envelopesMethod } from './change-event/envelopes.ts'
import { publishMethod } from './change-event/publish.ts'
import type { Method } from './method.ts'

/** What change events have beside every resource's methods: programs publish them, and read them as UiPath Insights shows them. */
export function changeEventMethods(records: RecordService): readonly Method[] {
  return [publishMethod(records), envelopesMethod(records)]
}
