import { rawStatement } from '../../database/statement.ts'
import { RpcError } from '../../errors.ts'
import { type Identity, permits } from '../../permission/grant.ts'
import type { LiveCaller } from '../../permission/live-caller.ts'
import { type ClaimDeps, type ClaimOptions, claimAction, claimTasks, type Task } from './claim.ts'
import { type Ending, endRuns } from './end-runs.ts'
import { storableOutcome } from './ending.ts'
import type { Run, RunOutcome } from './run.ts'
import type { Waiter } from './wait.ts'

/** Work of remote handlers, taken and ended by programs elsewhere. */
export interface Tasks {
  /** Takes work, and waits for it where there is none: as `claimTasks`. */
  claim(caller: LiveCaller, options: ClaimOptions): Promise<readonly Task[]>
  /** Keeps a task for another `leaseMs` from now; `until` is epoch ms. Throws RpcError 109 (`lease_lost`). */
  heartbeat(
    identity: Identity,
    task: TaskRef,
    leaseMs: number,
  ): Promise<{ until: number; cancelled: boolean }>
  /** Ends an attempt. Throws RpcError 109 (`lease_lost`) when it is no longer this worker's, and changes nothing. */
  end(identity: Identity, task: TaskRef, outcome: RunOutcome): Promise<Ending>
}

export interface TaskRef {
  readonly id: number
  readonly attempt: number
}

export interface TaskDeps extends ClaimDeps {
  readonly waiter: Waiter
}

const read = rawStatement(
  `select full_name, failures from event_log
   where id = $1 and attempt = $2 and status = 'running' and owner is null and due_time is not null`,
)

// Nobody keeps a task beyond its handler's time-out, however faithfully its heart beats.
const renew = rawStatement(
  `update event_log set lease_until = case when cancel_requested then lease_until else
     least(now() + $3::float8 * interval '1 millisecond', start_time + $4::float8 * interval '1 millisecond') end
   where id = $1 and attempt = $2 and status = 'running' and owner is null and lease_until > now()
   returning (date_part('epoch', lease_until) * 1000)::bigint, cancel_requested`,
)

export function createTasks(deps: TaskDeps): Tasks {
  const { database, directory, waiter, clock } = deps

  async function find(
    identity: Identity,
    { id, attempt }: TaskRef,
  ): Promise<Pick<Run, 'handler' | 'failures'>> {
    const { rows } = await database.run(read, [id, attempt])
    const [fullName, failures] = rows[0] ?? []
    const handler =
      fullName === undefined ? undefined : (await directory.current(database)).byName(String(fullName))
    // A task that is not permitted looks like one that is gone.
    if (handler === undefined || !permits(identity, claimAction, handler.full_name)) throw leaseLost()
    return { handler, failures: Number(failures) }
  }

  return {
    claim: (caller, options) => claimTasks(deps, caller, options),
    async heartbeat(identity, task, leaseMs) {
      const { handler } = await find(identity, task)
      const bound = [task.id, task.attempt, leaseMs, handler.timeout_ms]
      const [row] = (await database.run(renew, bound)).rows
      if (row === undefined) throw leaseLost()
      return { until: Number(row[0]), cancelled: row[1] === true }
    },
    async end(identity, task, outcome) {
      const found = await find(identity, task)
      const ended = { run: { ...task, ...found }, outcome: storableOutcome(outcome) }
      const [ending] = await endRuns(database, [ended], clock())
      if (ending === undefined || ending === 'lost') throw leaseLost()
      if (ending !== 'waiting') waiter.ended([task.id])
      return ending
    },
  }
}

function leaseLost(): RpcError {
  return new RpcError('lease_lost', 'This attempt does not hold the task, or no longer does')
}
