import { AsyncLocalStorage } from 'node:async_hooks'

/**
 * On whose behalf something is done: the key of a token, or a stranger's address. What is shared (connections, threads,
 * time) is shared out by it, however deep below the request the work happens.
 */
const behalf = new AsyncLocalStorage<string | undefined>()

/** Does `work`, and all that follows from it, on behalf of `whom`. */
export function onBehalfOf<T>(whom: string, work: () => T): T {
  return behalf.run(whom, work)
}

/** The same on behalf of the server itself: for what many clients wait for together. */
export function onOwnBehalf<T>(work: () => T): T {
  return behalf.run(undefined, work)
}

/** On whose behalf this runs; undefined: the server's own. */
export function currentBehalf(): string | undefined {
  return behalf.getStore()
}

/** Whoever has not shown a credential yet, by the address that asks. No token's key looks like this. */
export function strangerAt(address: string | undefined): string {
  return `stranger ${address ?? ''}`
}
