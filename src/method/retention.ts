import type { Method } from './method.ts'
import type { LogMethodDeps } from './record/record-method.ts'
import { previewMethod } from './retention/preview.ts'
import { ruleMethods } from './retention/rules.ts'

/** All `retention_*` methods: what is deleted when it is old enough. */
export function retentionMethods(deps: LogMethodDeps): readonly Method[] {
  return [...ruleMethods(deps), previewMethod(deps)]
}
