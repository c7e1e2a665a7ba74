import { changeMethods } from './js-worker/change.ts'
import { createMethod } from './js-worker/create.ts'
import { inspectMethods } from './js-worker/inspect.ts'
import { runMethod } from './js-worker/run.ts'
import type { JsWorkerDeps } from './js-worker/worker-method.ts'
import type { Method } from './method.ts'

export type { JsWorkerDeps } from './js-worker/worker-method.ts'

/** All `js-worker_*` methods. */
export function jsWorkerMethods(deps: JsWorkerDeps): readonly Method[] {
  return [createMethod(deps), ...inspectMethods(deps), ...changeMethods(deps), runMethod(deps)]
}
