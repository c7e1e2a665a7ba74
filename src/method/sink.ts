import type { Method } from './method.ts'
import { changeMethods } from './sink/change.ts'
import { controlMethods } from './sink/control.ts'
import { inspectMethods } from './sink/inspect.ts'
import type { SinkMethodDeps } from './sink/sink-method.ts'

export type { SinkMethodDeps } from './sink/sink-method.ts'

/** All `sink_*` methods; they are for the super token alone. */
export function sinkMethods(deps: SinkMethodDeps): readonly Method[] {
  return [changeMethods, inspectMethods, controlMethods].flatMap(methods => methods(deps))
}
