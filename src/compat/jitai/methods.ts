import type { Sender } from '../../event/send/send.ts'
import type { Method } from '../../method/method.ts'
import type { RecordService } from '../../resource/records.ts'
import { createWallClock } from '../../schedule/wall-time.ts'
import { chainLogMethods } from './get-chain-log.ts'
import { getEventLogMethod } from './get-event-log.ts'
import { sendEventMethod } from './send-event.ts'

export interface JitAiDeps {
  readonly records: RecordService
  readonly sender: Sender
  /** The IANA zone in which times without one are read and written. */
  readonly timezone: string
}

/**
 * The event service of JitAi's applications, over the same records and handlers as the other methods. By
 * position, parameters come in the order of JitAi's tables, so that the credential has no place before them.
 */
export function jitaiMethods({ records, sender, timezone }: JitAiDeps): readonly Method[] {
  const clock = createWallClock(timezone)
  const service = 'events.services.EventSvc'
  return [
    getEventLogMethod(`${service}.getEventLog`, records, clock),
    sendEventMethod(`${service}.sendEvent`, sender),
    ...chainLogMethods(service, records, clock),
  ]
}
