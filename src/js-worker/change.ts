import { isDeepStrictEqual } from 'node:util'
import { type Identity, originsOf } from '../permission/grant.ts'
import { isSoleMaker, makersWith } from '../permission/origin.ts'
import type { Sealer } from '../seal.ts'
import { sealEnv, withoutSecrets } from './env.ts'
import type { JsWorker, WorkerDefinition } from './worker.ts'

export type WorkerChange = Partial<Omit<WorkerDefinition, 'name'>>

/** What decides neither what a worker does nor when: whoever changes it does not become a maker. */
const describing: ReadonlySet<string> = new Set(['description'])

/**
 * What the caller's update changes of a stored worker, or undefined when it changes nothing. A new source makes the worker
 * the caller's own; any other change adds the caller to its makers. Secrets stay with those who gave them: another caller
 * who replaces the source, or lets it fetch from more hosts, must give them again. Throws RpcError 108
 * (`secret_unknown`, `too_many_makers`).
 */
export function changeWorker(
  stored: JsWorker,
  given: WorkerChange,
  caller: Identity,
  sealer: Sealer,
): WorkerChange | undefined {
  const isReplaced = given.source !== undefined && given.source !== stored.source
  const isExposed = isReplaced || addsHosts(stored.fetchHosts, given.fetchHosts)
  const kept = isExposed && !isSoleMaker(stored.owner, caller) ? withoutSecrets(stored.env) : stored.env
  const wanted = { ...given, env: given.env === undefined ? kept : sealEnv(given.env, sealer, kept) }
  const changes = differing(stored, wanted)
  const changed = Object.keys(changes)
  if (changed.length === 0) return undefined
  if (isReplaced) return { ...changes, owner: originsOf(caller) }
  const shapes = changed.some(member => !describing.has(member))
  return shapes ? { ...changes, owner: makersWith(stored.owner, caller) } : changes
}

function differing(stored: JsWorker, wanted: WorkerChange): WorkerChange {
  const { nextFireTime, ...rest } = wanted
  const changes: WorkerChange = Object.fromEntries(
    Object.entries(rest).filter(
      ([member, value]) => !isDeepStrictEqual(value, stored[member as keyof WorkerDefinition]),
    ),
  )
  // The same schedule once more must not lose a firing that is due.
  return changes.schedule === undefined || nextFireTime === undefined ? changes : { ...changes, nextFireTime }
}

function addsHosts(before: readonly string[] | null, after: readonly string[] | null | undefined): boolean {
  return (after ?? []).some(host => !before?.includes(host))
}
