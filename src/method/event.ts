import type { EventService } from '../event/service.ts'
import type { RecordService } from '../resource/records.ts'
import { cancelMethod } from './event/cancel.ts'
import { chainMethod } from './event/chain.ts'
import { replayMethod } from './event/replay.ts'
import { sendMethod } from './event/send.ts'

/** The methods that send events, and that do more with what became of them than every resource's methods. */
export function eventMethods(service: EventService, records: RecordService) {
  return [
    sendMethod({ database: records.database, sender: service.sender, waiter: service.waiter }),
    chainMethod(records),
    cancelMethod(records),
    replayMethod(service, records),
  ]
}
