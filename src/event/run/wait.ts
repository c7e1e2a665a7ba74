import { type Pause, startPause } from '../../async/pause.ts'
import type { Database } from '../../database/database.ts'
import { rawStatement } from '../../database/statement.ts'

/** Waits for rows of event_log to end, whichever server runs them. */
export interface Waiter {
  /** Resolves when all of them have ended or are gone, after `ms` milliseconds or when `stop` says so at the latest. */
  untilEnded(ids: readonly number[], ms: number, stop?: AbortSignal): Promise<void>
  /** To be called with rows that have ended here: their waiters need not wait for the next look. */
  ended(ids: readonly number[]): void
  close(): void
}

interface Waiting {
  readonly open: Set<number>
  readonly wait: Pause
}

const findOpen = rawStatement(
  `select id from event_log where id = any($1::bigint[]) and status in ('waiting', 'running')`,
)

/** How often is looked at what other servers have ended, in milliseconds. */
const lookMs = 100

/** One look serves all who wait. `onError`: told when the database cannot be asked; the waiters wait on. */
export function createWaiter(database: Database, onError: (error: unknown) => void): Waiter {
  const waiting = new Set<Waiting>()
  let timer: NodeJS.Timeout | undefined

  function settle(isOpen: (id: number) => boolean, asked: Iterable<Waiting>): void {
    for (const each of asked) {
      for (const id of each.open) if (!isOpen(id)) each.open.delete(id)
      if (each.open.size === 0) each.wait.end()
    }
  }

  async function look(): Promise<void> {
    const asked = [...waiting]
    const ids = [...new Set(asked.flatMap(each => [...each.open]))]
    const { rows } = await database.run(findOpen, [ids])
    const open = new Set(rows.map(([id]) => Number(id)))
    settle(id => open.has(id), asked)
  }

  function lookLater(): void {
    if (timer !== undefined || waiting.size === 0) return
    timer = setTimeout(async () => {
      await look().catch(onError)
      timer = undefined
      lookLater()
    }, lookMs)
  }

  return {
    async untilEnded(ids, ms, stop) {
      if (ids.length === 0) return
      const own: Waiting = { open: new Set(ids), wait: startPause(ms, stop) }
      waiting.add(own)
      lookLater()
      await own.wait.over
      waiting.delete(own)
    },
    ended(ids) {
      const gone = new Set(ids)
      settle(id => !gone.has(id), waiting)
    },
    close() {
      clearTimeout(timer)
      for (const each of waiting) each.wait.end()
    },
  }
}
