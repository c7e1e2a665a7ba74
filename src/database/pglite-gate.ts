import { AsyncLocalStorage } from 'node:async_hooks'
import { databaseFault, toConnectError } from './database-error.ts'

/** Before PGlite's one connection: knows what runs or waits, and refuses what would wait for ever. */
export interface Gate {
  enter<T>(work: () => Promise<T>): Promise<T>
  /** Runs the work of a transaction; what that sends past its own transaction is refused. */
  inside<T>(work: () => Promise<T>): Promise<T>
  /** How many runs and waits. */
  pending(): number
  /** The database is being closed: later calls are refused. */
  shut(): void
  /** The engine has crashed and does not answer again: every call that waits, and every later one, is refused. */
  giveUp(): void
}

export function createGate(): Gate {
  const transaction = new AsyncLocalStorage<{ open: boolean }>()
  const waiting = new Set<(error: Error) => void>()
  let refusal: (() => Error) | undefined

  return {
    async enter<T>(work: () => Promise<T>) {
      if (refusal !== undefined) throw refusal()
      if (transaction.getStore()?.open)
        throw new Error('inside a transaction only its own runner may be used')
      const { promise, resolve, reject } = Promise.withResolvers<T>()
      waiting.add(reject)
      work()
        .then(resolve, reject)
        .finally(() => waiting.delete(reject))
      return promise
    },
    async inside(work) {
      const state = { open: true }
      try {
        return await transaction.run(state, work)
      } finally {
        state.open = false
      }
    },
    pending: () => waiting.size,
    shut() {
      refusal ??= () => toConnectError(new Error('the database is closed'))
    },
    giveUp() {
      refusal ??= () => databaseFault('engine_crashed')
      for (const reject of waiting) reject(databaseFault('engine_crashed'))
    },
  }
}
