import type { Method } from './method.ts'
import { changeMethods } from './token/change.ts'
import { createMethods } from './token/create.ts'
import { inspectMethods } from './token/inspect.ts'
import { issueMethods } from './token/issue.ts'
import type { TokenDeps } from './token/token-method.ts'

export type { TokenDeps } from './token/token-method.ts'

/** All `token_*` methods. */
export function tokenMethods(deps: TokenDeps): readonly Method[] {
  return [createMethods, inspectMethods, changeMethods, issueMethods].flatMap(methods => methods(deps))
}
