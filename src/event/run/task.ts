import type { Clock } from '../../async/clock.ts'
import type { Database } from '../../database/database.ts'
import { rawStatement } from '../../database/statement.ts'
import { RpcError } from '../../errors.ts'
import { stringifyJson } from '../../json.ts'
import { type Identity, permits, requirePermission } from '../../permission/grant.ts'
import type { LiveCaller } from '../../permission/live-caller.ts'
import { handlerAction } from '../handler/action.ts'
import type { Handler } from '../handler/handler.ts'
import type { HandlerDirectory, Handlers } from '../handler/handler-directory.ts'
import { makersOf, mayReceive, notReceived, type Recall } from '../send/receiving.ts'
import { type EndedRun, type Ending, endRuns } from './end-runs.ts'
import { storableOutcome } from './outcome-text.ts'
import type { Outcome, Run } from './run.ts'
import { takeRuns } from './take-runs.ts'
import type { TaskSignal } from './task-signal.ts'
import type { Waiter } from './wait.ts'

/** Work of remote handlers, taken and ended by programs elsewhere. */
export interface Tasks {
  /**
   * Takes at most `max` runs of these handlers, each for `leaseMs` (its handler's time-out at most). With none due it
   * waits. Throws RpcError 102 (as soon as the caller's right ends), 105 (`handler_not_found`), 108 (`handler_not_remote`).
   */
  claim(caller: LiveCaller, claiming: Claiming): Promise<readonly Task[]>
  /** Keeps a task for another `leaseMs` from now; `until` is epoch ms. Throws RpcError 109 (`lease_lost`). */
  heartbeat(
    identity: Identity,
    task: TaskRef,
    leaseMs: number,
  ): Promise<{ until: number; cancelled: boolean }>
  /** Ends an attempt. Throws RpcError 109 (`lease_lost`) when it is no longer this worker's, and changes nothing. */
  end(identity: Identity, task: TaskRef, outcome: Outcome): Promise<Ending>
}

/** A run that a remote worker holds until `leaseUntil` (epoch ms, by this server's clock). */
export interface Task extends Run {
  readonly leaseUntil: number
}

export interface Claiming {
  readonly fullNames: readonly string[]
  readonly max: number
  readonly leaseMs: number
  readonly waitMs: number
  /** Aborted when nobody waits for the answer any more: what was taken then would be lost until its lease ends. */
  readonly hungUp?: AbortSignal | undefined
}

export interface TaskRef {
  readonly id: number
  readonly attempt: number
}

export interface TaskDeps {
  readonly database: Database
  readonly directory: HandlerDirectory
  readonly waiter: Waiter
  readonly clock: Clock
  readonly signal: Pick<TaskSignal, 'next'>
  readonly recall: Recall
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

/** The most that the arguments of the tasks of one claim may take, in characters of JSON. */
const maxAnswer = 4 * 1024 * 1024

export function createTasks(deps: TaskDeps): Tasks {
  const { database, directory, waiter, clock, signal, recall } = deps

  // Tasks that the answer had no room for would be lost until their leases end: what was taken is rolled back.
  async function take(claiming: Claiming): Promise<readonly Task[]> {
    try {
      return await takeAtMost(claiming, claiming.max)
    } catch (error) {
      if (error !== tooLarge) throw error
      return takeAtMost(claiming, 1)
    }
  }

  async function takeAtMost({ fullNames, leaseMs: wish }: Claiming, most: number): Promise<readonly Task[]> {
    const leaseMs = (handler: Handler) => Math.min(wish, handler.timeout_ms)
    const prepare = (handlers: Handlers): Promise<readonly Wanted[]> =>
      Promise.all(
        fullNames.map(async name => {
          const handler = requireRemote(handlers.byName(name))
          return { handler, makers: await makersOf(handler, recall) }
        }),
      )
    const work = (handlers: Handlers, wanted: readonly Wanted[]) =>
      database.transaction(async runner => {
        const makers = new Map(wanted.map(each => [each.handler, each.makers]))
        const of = wanted.map(each => each.handler).filter(handler => handler.enabled)
        const taken: Task[] = []
        for (;;) {
          const now = clock()
          const taking = { of, max: most - taken.length, now, leaseMs }
          const { runs } = await takeRuns(runner, handlers, taking)
          const given = runs.filter(run => mayReceive(makers.get(run.handler), run.sender, run.runType))
          taken.push(...given.map(run => ({ ...run, leaseUntil: now + leaseMs(run.handler) })))
          if (given.length === runs.length) break
          const refused = runs.filter(run => !given.includes(run))
          await endRuns(runner, refused.map(refusal), now)
        }
        if (taken.length > 1 && lengthOf(taken) > maxAnswer) throw tooLarge
        return taken
      })
    return directory.use(database, prepare, work)
  }

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

  /** What was taken for somebody who is gone is free again at once. */
  async function handBack(taken: readonly Task[]): Promise<readonly Task[]> {
    const ended = taken.map(run => ({ run, outcome: { kind: 'handed_back' } as const }))
    await endRuns(database, ended, clock())
    return []
  }

  /** A token may be revoked, or may do less, while its tasks are taken. */
  async function stillFor(
    caller: LiveCaller,
    check: (now: Identity) => void,
    tasks: readonly Task[],
  ): Promise<readonly Task[]> {
    try {
      check(await caller.now())
      return tasks
    } catch (error) {
      await handBack(tasks)
      throw error
    }
  }

  return {
    async claim(caller, claiming) {
      const { fullNames, waitMs, hungUp } = claiming
      const until = clock() + waitMs
      const check = (now: Identity): void => {
        for (const name of fullNames) requirePermission(now, claimAction, name)
      }
      check(await caller.now())
      for (let eager = true; ; eager = false) {
        const tasks = await take(claiming)
        if (hungUp?.aborted) return handBack(tasks)
        const ms = until - clock()
        if (tasks.length > 0 || ms <= 0) return await stillFor(caller, check, tasks)
        const mayBe = await caller.during(check, ended =>
          signal.next({ handlers: fullNames, ms, eager, ended: eitherOf(ended, hungUp) }),
        )
        if (!mayBe || hungUp?.aborted) return []
      }
    },
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

/** A handler whose work is asked for, and what those who made it may do. */
interface Wanted {
  readonly handler: Handler
  readonly makers: Identity | undefined
}

/** Ends what the makers of its handler may not receive any more. */
function refusal(run: Run): EndedRun {
  return { run, outcome: { kind: 'failed', message: notReceived, retry: false } }
}

function eitherOf(ended: AbortSignal, hungUp: AbortSignal | undefined): AbortSignal {
  return hungUp === undefined ? ended : AbortSignal.any([ended, hungUp])
}

const tooLarge = new Error('the tasks are too large for one answer')

function lengthOf(tasks: readonly Task[]): number {
  return tasks.reduce((sum, task) => sum + stringifyJson(task.kwargs).length, 0)
}

const claimAction = handlerAction('claim')

function requireRemote(handler: Handler | undefined): Handler {
  const path = 'full_names'
  if (handler === undefined) throw new RpcError('handler_not_found', 'There is no such handler', { path })
  if (handler.target.kind === 'remote') return handler
  throw new RpcError('handler_not_remote', 'This handler is not run by remote workers', { path })
}

function leaseLost(): RpcError {
  return new RpcError('lease_lost', 'The task is not, or no longer, held by this attempt')
}
