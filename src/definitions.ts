import type { Definition } from './definition/definition.ts'
import { eventHandler } from './event/handler/handler.ts'
import { jsWorker } from './js-worker/worker.ts'
import { monitor } from './monitor/monitor.ts'
import { retentionRule } from './retention/rule.ts'
import { sink } from './sink/sink.ts'
import { token } from './token/token.ts'
import { view } from './view/view.ts'

/** Every kind of definition. A new one is declared in a file of its own and named here. */
export const definitions = [eventHandler, retentionRule, sink, monitor, view, jsWorker, token] as const

const all: readonly Definition[] = definitions

/** Those whose declaration says all there is to say. */
export const plainDefinitions: Definition[] = all.filter(({ isSpecial }) => isSpecial !== true)
