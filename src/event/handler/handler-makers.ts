import { isDeepStrictEqual } from 'node:util'
import { workerAction } from '../../js-worker/action.ts'
import {
  type Identity,
  type Origin,
  originsOf,
  requirePattern,
  requirePermission,
} from '../../permission/grant.ts'
import { makersWith } from '../../permission/makers.ts'
import { handlerAction, receiveAction } from './action.ts'
import type { Target } from './handler.ts'
import { definitionColumns, type HandlerDefinition, type StoredHandler } from './handler-row.ts'

/**
 * Throws RpcError 102 unless the caller may make this handler: receive what its senders send, and run its target. Of a
 * remote one that is to claim its work; a webhook and a module of the handlers folder need nothing more.
 */
export function requireMaking(caller: Identity, { fullName, sender, target }: HandlerDefinition): void {
  requirePattern(caller, receiveAction, sender)
  if (target.kind === 'js_worker') {
    requirePermission(caller, workerAction('run_defined_js_worker'), target.name)
  }
  if (target.kind === 'remote') requirePermission(caller, handlerAction('claim'), fullName)
}

/** What decides neither what a handler receives nor what it does: whoever changes it does not become a maker. */
const describing: ReadonlySet<string> = new Set(['enabled', 'description'])

/**
 * Who the makers are once the caller has changed the handler; undefined when nothing changes. Another target makes it the
 * caller's own, any other change adds the caller. Throws RpcError 102 as requireMaking, and 108 (`too_many_makers`).
 */
export function changedOwner(
  before: StoredHandler,
  after: HandlerDefinition,
  caller: Identity,
): readonly Origin[] | undefined {
  const columns = new Map<string, unknown>(Object.entries(definitionColumns(before)))
  const changed = Object.entries(definitionColumns(after))
    .filter(([column, value]) => value !== columns.get(column))
    .map(([column]) => column)
  const hasNewSecrets = !isDeepStrictEqual(secretsOf(before.target), secretsOf(after.target))
  if (changed.length === 0 && !hasNewSecrets) return undefined
  if (!hasNewSecrets && changed.every(column => describing.has(column))) return before.owner
  requireMaking(caller, after)
  const isRetargeted = changed.includes('target') || changed.includes('target_kind')
  return isRetargeted ? originsOf(caller) : makersWith(before.owner, caller)
}

function secretsOf(target: Target): readonly string[] {
  return target.kind === 'webhook' ? target.secrets : []
}
