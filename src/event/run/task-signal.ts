import { coalesce } from '../../async/coalesce.ts'
import { type Pause, startPause } from '../../async/pause.ts'
import type { Database } from '../../database/database.ts'
import { rawStatement } from '../../database/statement.ts'

export type TaskSignal = ReturnType<typeof createTaskSignal>

export interface Wanted {
  /** Full names of handlers. */
  readonly handlers: readonly string[]
  /** The longest wait, in milliseconds. */
  readonly ms: number
  /**
   * Whether to look at once for what came since the claim took nothing. Not after a look that helped nothing: there is
   * work that may not be taken yet, and the claim would ask for it without a pause.
   */
  readonly eager: boolean
  /** Ends the wait early: a dead claim must not be woken for work it cannot take. */
  readonly ended?: AbortSignal
}

interface Waiting {
  readonly handlers: readonly string[]
  readonly wait: Pause
}

/** The most runs of a handler that are counted: more claims are not woken at once. */
const mostCounted = 1000

const findDue = rawStatement(
  `select w.full_name, (select count(*) from (select from event_log e
     where e.status = 'waiting' and e.full_name = w.full_name and e.due_time <= now() limit ${mostCounted}) due)
   from unnest($1::text[]) as w(full_name)`,
)

/** How often is looked for what nothing announced: what was put off, or comes again. In milliseconds. */
const lookMs = 500

/** Tells claims that wait when there is work for them: one look at what waits serves all of them. */
export function createTaskSignal(database: Database, onError: (error: unknown) => void) {
  const waiting = new Set<Waiting>()
  let closed = false
  const looking = coalesce(wakeThoseWithWork, onError)

  // No more claims than there is work: of a thousand that wait for one event, one is woken.
  async function wakeThoseWithWork(): Promise<void> {
    if (waiting.size === 0) return
    const handlers = [...new Set([...waiting].flatMap(each => each.handlers))]
    const { rows } = await database.run(findDue, [handlers])
    const due = new Map(rows.map(([name, count]) => [String(name), Number(count)]))
    for (const each of waiting) {
      const handler = each.handlers.find(name => (due.get(name) ?? 0) > 0)
      if (handler === undefined) continue
      due.set(handler, (due.get(handler) ?? 0) - 1)
      each.wait.end()
    }
  }

  const timer = setInterval(looking.run, lookMs).unref()

  return {
    /** There may be work. */
    look: looking.run,
    /** Resolves to true when one of the handlers may have work, or the time is up; to false once it is closed. */
    async next({ handlers, ms, eager, ended }: Wanted): Promise<boolean> {
      if (closed) return false
      const own = { handlers, wait: startPause(ms, ended) }
      waiting.add(own)
      if (eager) looking.run()
      await own.wait.over
      waiting.delete(own)
      return !closed && ended?.aborted !== true
    },
    close(): void {
      closed = true
      clearInterval(timer)
      void looking.stop()
      for (const { wait } of waiting) wait.end()
    },
  }
}
