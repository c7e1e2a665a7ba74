import type { Clock } from '../../async/clock.ts'
import type { Database } from '../../database/database.ts'
import { RpcError } from '../../errors.ts'
import { stringifyJson } from '../../json.ts'
import { type Identity, requirePermission } from '../../permission/grant.ts'
import type { LiveCaller } from '../../permission/live-caller.ts'
import { handlerAction } from '../handler/action.ts'
import type { Handler } from '../handler/handler.ts'
import type { HandlerDirectory, Handlers } from '../handler/handler-directory.ts'
import { makersOf, mayReceive, notReceived, type Recall } from '../send/receiving.ts'
import { endRuns } from './end-runs.ts'
import type { Run } from './run.ts'
import { takeRuns } from './take-runs.ts'
import type { TaskSignal } from './task-signal.ts'

/** A run that a remote worker holds until `leaseUntil` (epoch ms, by this server's clock). */
export interface Task extends Run {
  readonly leaseUntil: number
}

export interface ClaimOptions {
  readonly fullNames: readonly string[]
  readonly max: number
  readonly leaseMs: number
  readonly waitMs: number
  /** Aborted when the worker has hung up: what is taken after that would be lost until its lease ends. */
  readonly hungUp?: AbortSignal | undefined
}

export interface ClaimDeps {
  readonly database: Database
  readonly directory: HandlerDirectory
  readonly clock: Clock
  readonly signal: Pick<TaskSignal, 'next'>
  readonly recall: Recall
}

export const claimAction = handlerAction('claim')

/** The most that the arguments of the tasks of one claim may take, in characters of JSON. */
const maxAnswer = 4 * 1024 * 1024

const tooLarge = new Error('the tasks are too large for one answer')

/**
 * Takes at most `max` runs of these handlers, each for `leaseMs` (its handler's time-out at most). With none due it
 * waits. Throws RpcError 102 (as soon as the caller's right ends), 105 (`handler_not_found`), 108 (`handler_not_remote`).
 */
export async function claimTasks(
  deps: ClaimDeps,
  caller: LiveCaller,
  options: ClaimOptions,
): Promise<readonly Task[]> {
  const { clock, signal } = deps
  const { fullNames, waitMs, hungUp } = options
  const until = clock() + waitMs
  const check = (now: Identity): void => {
    for (const name of fullNames) requirePermission(now, claimAction, name)
  }
  check(await caller.now())
  for (let eager = true; ; eager = false) {
    const tasks = await take(deps, options)
    if (hungUp?.aborted) return handBack(deps, tasks)
    const ms = until - clock()
    if (tasks.length > 0 || ms <= 0) {
      // The token may have been revoked, or may do less, while its tasks were taken.
      try {
        check(await caller.now())
        return tasks
      } catch (error) {
        await handBack(deps, tasks)
        throw error
      }
    }
    const mayBe = await caller.during(check, ended =>
      signal.next({ handlers: fullNames, ms, eager, ended: eitherOf(ended, hungUp) }),
    )
    if (!mayBe || hungUp?.aborted) return []
  }
}

function eitherOf(ended: AbortSignal, hungUp: AbortSignal | undefined): AbortSignal {
  return hungUp === undefined ? ended : AbortSignal.any([ended, hungUp])
}

/** Frees at once what was taken for a worker that is gone. */
async function handBack({ database, clock }: ClaimDeps, taken: readonly Task[]): Promise<readonly Task[]> {
  const ended = taken.map(run => ({ run, outcome: { kind: 'handed_back' } as const }))
  await endRuns(database, ended, clock())
  return []
}

// Tasks that the answer had no room for would be lost until their leases end: what was taken is rolled back.
async function take(deps: ClaimDeps, options: ClaimOptions): Promise<readonly Task[]> {
  try {
    return await takeAtMost(deps, options, options.max)
  } catch (error) {
    if (error !== tooLarge) throw error
    return takeAtMost(deps, options, 1)
  }
}

/** A handler whose work is asked for, and what those who made it may do. */
interface Wanted {
  readonly handler: Handler
  readonly makers: Identity | undefined
}

function takeAtMost(
  { database, directory, clock, recall }: ClaimDeps,
  { fullNames, leaseMs: wish }: ClaimOptions,
  most: number,
): Promise<readonly Task[]> {
  const leaseMs = (handler: Handler) => Math.min(wish, handler.timeout_ms)
  const prepare = (handlers: Handlers): Promise<readonly Wanted[]> =>
    Promise.all(
      fullNames.map(async name => {
        const handler = requireRemote(handlers.byName(name))
        return { handler, makers: await makersOf(handler, recall) }
      }),
    )
  return directory.use(database, prepare, (handlers, wanted) =>
    database.transaction(async runner => {
      const makers = new Map(wanted.map(each => [each.handler, each.makers]))
      const of = wanted.map(each => each.handler).filter(handler => handler.enabled)
      const taken: Task[] = []
      for (;;) {
        const now = clock()
        const { runs } = await takeRuns(runner, handlers, { of, max: most - taken.length, now, leaseMs })
        const given = runs.filter(run => mayReceive(makers.get(run.handler), run.sender, run.runType))
        taken.push(...given.map(run => ({ ...run, leaseUntil: now + leaseMs(run.handler) })))
        if (given.length === runs.length) break
        // What the makers of its handler may not receive any more ends, and makes room for others.
        const refused = runs.filter(run => !given.includes(run))
        const outcome = { kind: 'failed', message: notReceived, retry: false } as const
        await endRuns(
          runner,
          refused.map(run => ({ run, outcome })),
          now,
        )
      }
      if (taken.length > 1 && lengthOf(taken) > maxAnswer) throw tooLarge
      return taken
    }),
  )
}

function lengthOf(tasks: readonly Task[]): number {
  return tasks.reduce((sum, task) => sum + stringifyJson(task.kwargs).length, 0)
}

function requireRemote(handler: Handler | undefined): Handler {
  const path = 'full_names'
  if (handler === undefined) throw new RpcError('handler_not_found', 'There is no such handler', { path })
  if (handler.target.kind === 'remote') return handler
  throw new RpcError('handler_not_remote', 'Remote workers do not run this handler', { path })
}
