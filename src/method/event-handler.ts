import { changeMethods } from './event-handler/change.ts'
import type { HandlerMethodDeps } from './event-handler/handler-method.ts'
import { inspectMethods } from './event-handler/inspect.ts'
import type { Method } from './method.ts'

export type { HandlerMethodDeps } from './event-handler/handler-method.ts'

/** All `event-handler_*` methods. */
export function handlerMethods(deps: HandlerMethodDeps): readonly Method[] {
  return [changeMethods, inspectMethods].flatMap(methods => methods(deps))
}
