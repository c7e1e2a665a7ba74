import { changesOf } from '../definition/store.ts'
import { type Identity, originsOf } from '../permission/grant.ts'
import { isSoleMaker, makersWith } from '../permission/origin.ts'
import type { Sealer } from '../seal.ts'
import { sealEnv, withoutSecrets } from './env.ts'
import { jsWorker, type StoredWorker } from './worker.ts'

export type WorkerChange = Partial<StoredWorker>

/** What decides neither what a worker does nor when: whoever changes it does not become a maker. */
const describing: ReadonlySet<string> = new Set(['description'])

/**
 * What the caller's update changes of a stored worker, or undefined when it changes nothing. A new source makes the worker
 * the caller's own; any other change adds the caller to its makers. Secrets stay with those who gave them: another caller
 * who replaces the source, or lets it fetch from more hosts, must give them again. Throws RpcError 108
 * (`secret_unknown`, `too_many_makers`).
 */
export function changeWorker(
  stored: StoredWorker,
  given: WorkerChange,
  caller: Identity,
  sealer: Sealer,
): WorkerChange | undefined {
  const isReplaced =
    given.js_script_base64 !== undefined && given.js_script_base64 !== stored.js_script_base64
  const isExposed = isReplaced || addsHosts(stored.fetch_hosts, given.fetch_hosts)
  const kept = isExposed && !isSoleMaker(stored.owner, caller) ? withoutSecrets(stored.env) : stored.env
  const wanted = { ...given, env: given.env === undefined ? kept : sealEnv(given.env, sealer, kept) }
  const { next_fire_time, ...asked } = wanted
  const differing = changesOf(jsWorker, stored, asked)
  // The same schedule once more must not lose a firing that is due.
  const isTimed = differing.schedule !== undefined && next_fire_time !== undefined
  const changes: WorkerChange = isTimed ? { ...differing, next_fire_time } : differing
  const changed = Object.keys(changes)
  if (changed.length === 0) return undefined
  if (isReplaced) return { ...changes, owner: originsOf(caller) }
  const shapes = changed.some(member => !describing.has(member))
  return shapes ? { ...changes, owner: makersWith(stored.owner, caller) } : changes
}

function addsHosts(before: readonly string[] | null, after: readonly string[] | null | undefined): boolean {
  return (after ?? []).some(host => !before?.includes(host))
}
