import { type Pause, startPause } from '../../async/pause.ts'
import type { Database } from '../../database/database.ts'
import { rawStatement } from '../../database/statement.ts'

export type Waiter = ReturnType<typeof createWaiter>

interface Waiting {
  readonly open: Set<number>
  readonly wait: Pause
}

const findOpen = rawStatement(
  `select id from event_log where id = any($1::bigint[]) and status in ('waiting', 'running')`,
)

/** How often is looked at what other servers have ended, in milliseconds. */
const lookMs = 100

/**
 * Waits for rows of event_log to end, whichever server runs them: one look serves all waiters. `onError` is told when the
 * database cannot be asked; the waiters keep waiting.
 */
export function createWaiter(database: Database, onError: (error: unknown) => void) {
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
    /** Resolves when all of them have ended or are gone, or after `ms` milliseconds, or when `stop` is aborted. */
    async untilEnded(ids: readonly number[], ms: number, stop?: AbortSignal): Promise<void> {
      if (ids.length === 0) return
      const own: Waiting = { open: new Set(ids), wait: startPause(ms, stop) }
      waiting.add(own)
      lookLater()
      await own.wait.over
      waiting.delete(own)
    },
    /** To be called with rows that have ended here: their waiters need not wait for the next look. */
    ended(ids: readonly number[]): void {
      const gone = new Set(ids)
      settle(id => !gone.has(id), waiting)
    },
    close(): void {
      clearTimeout(timer)
      for (const each of waiting) each.wait.end()
    },
  }
}
