import type { Action } from '../permission/grant.ts'
import type { bareKinds } from '../permission/limit.ts'

/** What is done to a script worker; the scope says to which. */
export function workerAction(verb: (typeof bareKinds)['js_worker'][number]): Action {
  return { scope: 'js_worker', permission: 'js_worker', verb }
}
