import type { Engine } from '../event/engine.ts'
import { cancelMethod } from './event/cancel.ts'
import { chainMethod } from './event/chain.ts'
import { replayMethod } from './event/replay.ts'
import { sendMethod } from './event/send.ts'
import type { LogMethodDeps } from './record/record-method.ts'

/** The methods that send events, and that do more with what became of them than every resource's methods. */
export function eventMethods(engine: Engine, log: LogMethodDeps) {
  return [
    sendMethod({ database: log.database, sender: engine.sender, waiter: engine.waiter }),
    chainMethod(log),
    cancelMethod(log),
    replayMethod(engine, log),
  ]
}
