import type { Engine } from '../event/engine.ts'
import { resources } from '../resource/index.ts'
import { eventMethods } from './event.ts'
import { type HandlerMethodDeps, handlerMethods } from './event-handler.ts'
import { taskMethods } from './event-task.ts'
import { type JsWorkerDeps, jsWorkerMethods } from './js-worker.ts'
import type { LogMethodDeps } from './log/log-method.ts'
import { logMethods } from './log-methods.ts'
import type { Method } from './method.ts'
import { discoverMethod } from './openrpc.ts'
import { helloMethod } from './server.ts'
import { type TokenDeps, tokenMethods } from './token.ts'

/** What the methods of events need. */
export interface EventDeps {
  readonly engine: Engine
  readonly log: LogMethodDeps
  readonly handlers: HandlerMethodDeps
  readonly jsWorkers: JsWorkerDeps
}

export interface MethodDeps {
  readonly log: LogMethodDeps
  readonly events: EventDeps
  readonly token: TokenDeps
  /** Other systems' surfaces over the same core. */
  readonly dialects: readonly Method[]
  /** This program's version. */
  readonly version: string
}

/** Every method there is. */
export function createMethods({ log, events, token, dialects, version }: MethodDeps): readonly Method[] {
  const methods = [
    helloMethod,
    ...resources.flatMap(resource => logMethods(resource, log)),
    ...eventMethods(events.engine, events.log),
    ...handlerMethods(events.handlers),
    ...taskMethods(events.engine.tasks),
    ...jsWorkerMethods(events.jsWorkers),
    ...tokenMethods(token),
    ...dialects,
  ]
  return [...methods, discoverMethod(methods, version)]
}
