import { describeApps } from '../wire/support/wire.ts'
import { describeChainLog, longChain } from './jitai/get-chain-log.ts'
import { describeGetEventLog } from './jitai/get-event-log.ts'
import { describeSendEvent } from './jitai/send-event.ts'

// One server for all of them: to start it takes longer than the tests.
describeApps(
  'the event service of JitAi',
  wire => {
    describeGetEventLog(wire)
    describeChainLog(wire)
    describeSendEvent(wire)
  },
  { env: { DAYBOOK_TIMEZONE: 'Europe/Berlin' }, prepare: longChain },
)
