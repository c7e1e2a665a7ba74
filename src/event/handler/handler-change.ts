import type { Runner } from '../../database/database.ts'
import { changesOf } from '../../definition/store.ts'
import { invalidParams, RpcError } from '../../errors.ts'
import { workerAction } from '../../js-worker/worker.ts'
import { type Identity, originsOf, requirePattern, requirePermission } from '../../permission/grant.ts'
import { isSoleMaker, makersWith } from '../../permission/origin.ts'
import { nextFire } from '../../schedule/cron.ts'
import { handlerAction, receiveAction } from './action.ts'
import { eventHandler, type Handler, type HandlerDefinition, type WantedTarget } from './handler.ts'

type Placed = Pick<HandlerDefinition, 'target' | 'secrets'>

/** Who defines a handler, and when (epoch milliseconds). */
export interface Definer {
  readonly caller: Identity
  readonly now: number
}

/**
 * What is stored of a new handler. Throws RpcError 102 unless the caller may receive the events of its senders and run its
 * target; a remote target needs the permission to claim, a webhook and a module of the handlers folder need none.
 */
export function newHandler(definition: HandlerDefinition, { caller, now }: Definer): Partial<Handler> {
  requireMaking(caller, definition)
  return { ...definition, owner: originsOf(caller), next_fire_time: fireTimeOf(definition, now) }
}

function requireMaking(caller: Identity, { full_name: name, sender, target }: HandlerDefinition): void {
  requirePattern(caller, receiveAction, sender)
  if (target.kind === 'js_worker') {
    requirePermission(caller, workerAction('run_defined_js_worker'), target.name)
  }
  if (target.kind === 'remote') requirePermission(caller, handlerAction('claim'), name)
}

/** Members that change neither what a handler receives nor what it does: changing them makes nobody a maker. */
const describing: ReadonlySet<string> = new Set(['enabled', 'next_fire_time', 'description'])

/**
 * What is stored of the caller's change; undefined when nothing changes. A new target makes the handler the caller's own, any
 * other change adds the caller to its makers. Throws RpcError 102 as newHandler does, and 108 (`too_many_makers`).
 */
export function changedHandler(
  before: Handler,
  wanted: Partial<HandlerDefinition>,
  { caller, now }: Definer,
): Partial<Handler> | undefined {
  const changes = changeOf(before, wanted, now)
  const changed = Object.keys(changes)
  if (changed.length === 0) return undefined
  if (changed.every(member => describing.has(member))) return changes
  requireMaking(caller, { ...before, ...wanted })
  const owner = 'target' in changes ? originsOf(caller) : makersWith(before.owner, caller)
  return { ...changes, owner }
}

/** What is stored of a change. A firing that is already due survives a change of anything but the schedule. */
export function changeOf(before: Handler, wanted: Partial<HandlerDefinition>, now: number): Partial<Handler> {
  const changes = changesOf(eventHandler, before, wanted)
  const isTimed = 'schedule' in changes || 'enabled' in changes
  return isTimed ? { ...changes, next_fire_time: fireTimeOf({ ...before, ...wanted }, now) } : changes
}

export function fireTimeOf(
  { schedule, enabled }: Pick<HandlerDefinition, 'schedule' | 'enabled'>,
  now: number,
): number | null {
  return schedule === null || !enabled ? null : nextFire(schedule, now)
}

/** The last secret stays valid beside a new one, so that a receiver can change over in its own time. */
const keptSecrets = 2

/**
 * The target that `wanted` asks for, in place of the one of `before`. The secrets of a webhook stay with its URL and its
 * maker: another caller who names another URL must give a secret. Throws RpcError -32602 (`target.secret`) for a webhook
 * without a secret where none is stored.
 */
export function placedTarget(wanted: WantedTarget, caller: Identity, before?: Handler): Placed {
  if (wanted.kind !== 'webhook') return { target: wanted, secrets: [] }
  const { kind, url, secret } = wanted
  const isKept =
    before?.target.kind === 'webhook' && (isSoleMaker(before.owner, caller) || before.target.url === url)
  return { target: { kind, url }, secrets: changedSecrets(secret, isKept ? before.secrets : undefined) }
}

function changedSecrets(
  wanted: string | undefined,
  stored: readonly string[] | undefined,
): readonly string[] {
  if (wanted === undefined) {
    if (stored === undefined) throw invalidParams('target.secret', 'expected a secret')
    return stored
  }
  // Repeating the current secret must not push out the one before it.
  if (stored !== undefined && stored[0] === wanted) return stored
  return [wanted, ...(stored ?? []).filter(secret => secret !== wanted)].slice(0, keptSecrets)
}

/** Throws RpcError 108 (`local_handler_unknown`) for a local target whose module is not in the handlers folder. */
export function requireKnownTarget({ kind }: WantedTarget, isLocal: boolean): void {
  if (kind !== 'local' || isLocal) return
  const message = 'target: the handlers folder has no handler of this name'
  throw new RpcError('local_handler_unknown', message, { path: 'target' })
}

/** Stops a handler's events and its schedule. False when it was already disabled or deleted. */
export async function disableHandler({ kysely }: Runner, id: number, now: number): Promise<boolean> {
  const row = await kysely
    .updateTable('event_handler')
    .set({ enabled: false, next_fire_time: null, updated_time: new Date(now) })
    .where('id', '=', id)
    .where('enabled', '=', true)
    .returning('id')
    .executeTakeFirst()
  return row !== undefined
}
