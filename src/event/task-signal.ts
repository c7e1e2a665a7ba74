import type { Database } from '../database/database.ts'
import { rawStatement } from '../database/statement.ts'

/** Tells claims that wait when there is work for them: one look at the queues serves all of them. */
export interface TaskSignal {
  /** Resolves to true when one of the queues may have work, when the time is up at the latest; to false once it is closed. */
  next(wanted: Wanted): Promise<boolean>
  /** There may be work. */
  look(): void
  close(): void
}

export interface Wanted {
  readonly queues: readonly string[]
  /** The longest wait, in milliseconds. */
  readonly ms: number
  /**
   * Whether to look at once for what came since the claim took nothing. Not after a look that helped nothing: there is
   * work that may not be taken yet, and the claim would ask for it without a pause.
   */
  readonly eager: boolean
  /** Ends the wait early: nobody would take what a dead claim was woken for. */
  readonly ended?: AbortSignal
}

interface Waiting {
  readonly queues: readonly string[]
  readonly resolve: () => void
}

const findDue = rawStatement(
  `select queue, count(*) from event_job
   where queue = any($1::text[]) and not is_taken and start_after <= now() group by queue`,
)

/** How often is looked for what nothing announced: what was put off, or comes again. In milliseconds. */
const lookMs = 500

export function createTaskSignal(database: Database, onError: (error: unknown) => void): TaskSignal {
  const waiting = new Set<Waiting>()
  let closed = false
  let looking = false
  let again = false

  function look(): void {
    again = true
    if (!looking) void lookOnce()
  }

  async function lookOnce(): Promise<void> {
    looking = true
    while (again && waiting.size > 0 && !closed) {
      again = false
      await wakeThoseWithWork().catch(onError)
    }
    looking = false
  }

  // No more claims than there is work: of a thousand that wait for one event, one is woken.
  async function wakeThoseWithWork(): Promise<void> {
    const queues = [...new Set([...waiting].flatMap(each => each.queues))]
    const { rows } = await database.run(findDue, [queues])
    const due = new Map(rows.map(([name, count]) => [String(name), Number(count)]))
    for (const each of waiting) {
      const queue = each.queues.find(name => (due.get(name) ?? 0) > 0)
      if (queue === undefined) continue
      due.set(queue, (due.get(queue) ?? 0) - 1)
      each.resolve()
    }
  }

  const timer = setInterval(look, lookMs).unref()

  return {
    look,
    async next({ queues, ms, eager, ended }) {
      if (closed) return false
      const { promise, resolve } = Promise.withResolvers<void>()
      const own = { queues, resolve }
      const late = setTimeout(resolve, ms)
      ended?.addEventListener('abort', () => resolve(), { once: true })
      if (ended?.aborted === true) resolve()
      waiting.add(own)
      if (eager) look()
      await promise
      clearTimeout(late)
      waiting.delete(own)
      return !closed && ended?.aborted !== true
    },
    close() {
      closed = true
      clearInterval(timer)
      for (const { resolve } of waiting) resolve()
    },
  }
}
