import { AsyncLocalStorage } from 'node:async_hooks'
import { createRunning } from '../async/running.ts'
import { toConnectError } from './database-error.ts'
import { createShares } from './shares.ts'

/** Before PGlite's one connection: everybody has it in turn, see Shares, and what would wait for ever is refused. */
export interface Gate {
  enter<T>(work: () => Promise<T>): Promise<T>
  /** Runs the work of a transaction; what that sends past its own transaction is refused. */
  inside<T>(work: () => Promise<T>): Promise<T>
  /** How many runs and waits. */
  pending(): number
  /** Refuses what waits and what comes later; resolves when nothing runs. */
  shut(): Promise<void>
}

export function createGate(): Gate {
  const transaction = new AsyncLocalStorage<{ open: boolean }>()
  const entered = createRunning()
  const shares = createShares({ places: 1 })
  let refusal: (() => Error) | undefined

  return {
    async enter(work) {
      if (refusal !== undefined) throw refusal()
      if (transaction.getStore()?.open)
        throw new Error('inside a transaction only its own runner may be used')
      entered.start()
      try {
        const place = await shares.take()
        try {
          return await work()
        } finally {
          place.release()
        }
      } finally {
        entered.end()
      }
    },
    async inside(work) {
      const state = { open: true }
      try {
        return await transaction.run(state, work)
      } finally {
        state.open = false
      }
    },
    pending: () => entered.count,
    async shut() {
      refusal ??= () => toConnectError(new Error('the database is closed'))
      shares.close(refusal)
      await entered.idle()
    },
  }
}
