import { AsyncLocalStorage } from 'node:async_hooks'

/** What many wait for together, the server's own work: on whose behalf each of them waits. */
interface Shared {
  readonly waiting: readonly (string | undefined)[]
}

/**
 * On whose behalf the work at hand is done. `invoke` and the routes set it; what is scarce (connections, script threads,
 * time) is shared out by it, however deep below the request the work happens.
 */
const behalf = new AsyncLocalStorage<string | Shared>()

/** Does `work`, and all that follows from it, on behalf of `whom`. */
export function onBehalfOf<T>(whom: string, work: () => T): T {
  return behalf.run(whom, work)
}

/** The same on behalf of the server itself: for what many clients wait for together; `waiting`: on whose behalf each does. */
export function onOwnBehalf<T>(work: () => T, waiting: readonly (string | undefined)[] = []): T {
  return behalf.run({ waiting }, work)
}

/** On whose behalf this runs; undefined: the server's own. */
export function currentBehalf(): string | undefined {
  const whom = behalf.getStore()
  return typeof whom === 'object' ? undefined : whom
}

/** Those who will know what is done here: the one on whose behalf it is, or all who wait for it together. */
export function whoeverKnows(): readonly (string | undefined)[] {
  const whom = behalf.getStore()
  return typeof whom === 'object' ? whom.waiting : [whom]
}

/** Whoever has not shown a credential yet, by the address that asks. No token's key looks like this. */
export function strangerAt(address: string | undefined): string {
  return `stranger ${address ?? ''}`
}
