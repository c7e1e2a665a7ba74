import type { Runner } from '../../database/database.ts'
import { rawStatement } from '../../database/statement.ts'

/** What one handler has still to do, on all servers. */
export interface Backlog {
  /** Its full name. */
  readonly handler: string
  readonly waiting: number
  readonly running: number
  /** How long the oldest run that may begin has waited, in seconds; 0 when none may. */
  readonly oldestSeconds: number
}

// What is put off, by `delay_ms` or until it is tried again, waits only from the moment when it may begin.
const select = rawStatement(
  `select e.full_name,
     count(*) filter (where e.status = 'waiting'),
     count(*) filter (where e.status = 'running'),
     coalesce(extract(epoch from greatest(interval '0',
       now() - min(e.due_time) filter (where e.status = 'waiting'))), 0)::float8
   from event_log e
   where e.due_time is not null and e.status in ('waiting', 'running')
   group by e.full_name order by e.full_name`,
)

/** The handlers that have something to do. */
export async function readBacklogs(runner: Pick<Runner, 'run'>): Promise<readonly Backlog[]> {
  const { rows } = await runner.run(select, [])
  return rows.map(([handler, waiting, running, oldestSeconds]) => ({
    handler: String(handler),
    waiting: Number(waiting),
    running: Number(running),
    oldestSeconds: Number(oldestSeconds),
  }))
}
