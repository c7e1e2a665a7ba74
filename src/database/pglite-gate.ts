import { AsyncLocalStorage } from 'node:async_hooks'
import { databaseFault, toConnectError } from './database-error.ts'
import { createShares } from './shares.ts'

/** Before PGlite's one connection: everybody has it in turn, see Shares, and what would wait for ever is refused. */
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
  const running = new Set<(error: Error) => void>()
  const shares = createShares({ places: 1 })
  let refusal: (() => Error) | undefined

  return {
    async enter<T>(work: () => Promise<T>) {
      if (refusal !== undefined) throw refusal()
      if (transaction.getStore()?.open)
        throw new Error('inside a transaction only its own runner may be used')
      const place = await shares.take()
      const { promise, resolve, reject } = Promise.withResolvers<T>()
      running.add(reject)
      work()
        .then(resolve, reject)
        .finally(() => {
          running.delete(reject)
          place.release()
        })
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
    pending: () => running.size + shares.waiting(),
    shut() {
      refusal ??= () => toConnectError(new Error('the database is closed'))
      shares.close(refusal)
    },
    giveUp() {
      refusal ??= () => databaseFault('engine_crashed')
      shares.close(refusal)
      for (const reject of running) reject(databaseFault('engine_crashed'))
    },
  }
}
