import { AsyncLocalStorage } from 'node:async_hooks'

/** The server's own work that many wait for together: the keys they wait on behalf of. */
interface Shared {
  readonly waiting: readonly (string | undefined)[]
}

/**
 * On whose behalf the current work is done. `invoke` and the routes set it; scarce resources (connections,
 * script threads, time) are shared out by it, however deep below the request the work happens.
 */
const behalf = new AsyncLocalStorage<string | Shared>()

/** Does `work`, and all that follows from it, on behalf of `whom`. */
export function onBehalfOf<T>(whom: string, work: () => T): T {
  return behalf.run(whom, work)
}

/**
 * The same on behalf of the server itself: for what many clients wait for together; `waiting`: on whose
 * behalf each does.
 */
export function onOwnBehalf<T>(work: () => T, waiting: readonly (string | undefined)[] = []): T {
  return behalf.run({ waiting }, work)
}

/** On whose behalf this runs; undefined: the server's own. */
export function currentBehalf(): string | undefined {
  const whom = behalf.getStore()
  return typeof whom === 'object' ? undefined : whom
}

/** Everyone served by this work: the one it is done on behalf of, or all who wait for it together. */
export function whoeverKnows(): readonly (string | undefined)[] {
  const whom = behalf.getStore()
  return typeof whom === 'object' ? whom.waiting : [whom]
}

/** The key of a caller without a credential: its address. No token's key looks like this. */
export function strangerAt(address: string | undefined): string {
  return `stranger ${address ?? ''}`
}
