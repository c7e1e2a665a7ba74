import { createBatchQueue } from '../../async/batch-queue.ts'
import type { Clock } from '../../async/clock.ts'
import { pause } from '../../async/pause.ts'
import { within } from '../../async/within.ts'
import type { Database } from '../../database/database.ts'
import { type FailureText, hasCode } from '../../errors.ts'
import type { Handler } from '../handler/handler.ts'
import { disableHandler } from '../handler/handler-change.ts'
import type { HandlerDirectory, Handlers } from '../handler/handler-directory.ts'
import { type EndedRun, type Ending, endRuns } from './end-runs.ts'
import { failureOf, storableOutcome } from './outcome-text.ts'
import { nextAttempt, type Outcome, type Run } from './run.ts'
import { type RunState, readStates } from './run-state.ts'
import type { ServerLease } from './server-lease.ts'
import { hasLimits, type Taken, takeRuns } from './take-runs.ts'
import type { Waiter } from './wait.ts'

/** Does the work of one attempt. `signal` says that its time is up, with an Error that says why. */
export type Execute = (run: Run, signal: AbortSignal) => Promise<Outcome>

export interface RunnerDeps {
  readonly database: Database
  readonly directory: HandlerDirectory
  readonly waiter: Waiter
  readonly lease: ServerLease
  readonly clock: Clock
  /** How many runs go on at once. */
  readonly maxRuns: number
  readonly execute: Execute
  /** Whether this server can run what this handler wants; local handlers are modules that others may not have. */
  canRun(handler: Handler): boolean
  /** Told of each attempt that has ended here. */
  onEnded?(ending: Ending): void
  onError(error: unknown): void
}

/** Takes the runs that are due and carries them out. */
export interface Runner {
  /** There may be work. */
  wake(): void
  /** There will be in so many milliseconds. */
  wakeIn(ms: number): void
  /** Looks whether something that runs here was cancelled, deleted or taken away, and stops it. */
  review(): Promise<void>
  /** What ran under this server's old lease is not ours any more. */
  abandon(): void
  /** Takes no more work, lets what runs end for so many milliseconds, and hands the rest back to be run elsewhere. */
  stop(drainMs: number): Promise<void>
}

/** Why a run is told to stop, and how it has then ended; without an outcome its row is not ours to end. */
interface Stop {
  readonly why: FailureText
  readonly outcome: Outcome | undefined
  /** How long it may take, in milliseconds; then it is cut off. */
  readonly graceMs: number
}

interface Active {
  readonly run: Run
  readonly stop: (stop: Stop) => void
  readonly ended: Promise<void>
}

/** How long work that was told to stop may take to do so, in milliseconds. */
const stopGraceMs = 1000

/** Runs taken in one transaction. */
const maxTaken = 128

const alarmSlotMs = 20
const furthestAlarmMs = 60_000

const endTries = 60
const endTryMs = 500

export function createRunner(deps: RunnerDeps): Runner {
  const { database, directory, waiter, lease, clock, maxRuns, execute, canRun, onError } = deps
  const active = new Map<number, Active>()
  const alarms = new Map<number, NodeJS.Timeout>()
  let stopped = false
  let wanted = false
  let pumping: Promise<void> | undefined
  // The last time there was more than could be taken: whoever ends makes room for it.
  let isBacklogged = false

  const gathered = createBatchQueue<EndedRun, Ending>({
    what: 'ended runs',
    write: ended => endRuns(database, ended, clock()),
  })

  function wake(): void {
    wanted = true
    if (!stopped) pumping ??= pump().catch(onError)
  }

  async function pump(): Promise<void> {
    try {
      while (wanted && !stopped) {
        wanted = false
        await takeAll()
      }
    } finally {
      pumping = undefined
    }
  }

  async function takeAll(): Promise<void> {
    for (;;) {
      const max = Math.min(maxRuns - active.size, maxTaken)
      isBacklogged = max <= 0
      if (max <= 0 || stopped) return
      const { runs, left } = await take(max)
      // While this server stops nothing begins any more.
      if (stopped) await Promise.all(runs.map(run => end(run, handBack)))
      else for (const run of runs) start(run)
      if (!left) return
      // All that is due is locked: whoever holds it takes it, or lets go soon.
      if (runs.length === 0) return wakeIn(alarmSlotMs)
    }
  }

  function take(max: number): Promise<Taken> {
    const runnable = ({ all }: Handlers) => all.filter(handler => handler.enabled && canRun(handler))
    return directory.use(database, runnable, (handlers, of) => {
      const taking = { of, max, now: clock(), owner: lease.id() }
      if (!hasLimits(of)) return takeRuns(database, handlers, taking)
      return database.transaction(runner => takeRuns(runner, handlers, taking))
    })
  }

  function start(run: Run): void {
    const controller = new AbortController()
    const { promise: cutOff, resolve: cut } = Promise.withResolvers<Outcome | undefined>()
    const timers = new Set<NodeJS.Timeout>()
    const later = (ms: number, work: () => void) => timers.add(setTimeout(work, ms))
    let told: Stop | undefined
    const stop = (each: Stop) => {
      told = each
      controller.abort(new Error(each.why))
      later(each.graceMs, () => cut(each.outcome))
    }
    later(run.handler.timeout_ms, () => stop(timedOut(run)))
    const ended = Promise.race([execute(run, controller.signal).catch(failureOf), cutOff])
      // What fails once it was told to stop fails for that reason.
      .then(outcome => (told !== undefined && outcome?.kind !== 'success' ? told.outcome : outcome))
      .then(outcome => (outcome === undefined ? undefined : end(run, storableOutcome(outcome))))
      .catch(onError)
      .finally(() => {
        for (const timer of timers) clearTimeout(timer)
        active.delete(run.id)
        if (isBacklogged || run.handler.concurrency !== null) wake()
      })
    active.set(run.id, { run, stop, ended })
  }

  async function end(run: Run, outcome: Outcome): Promise<void> {
    const ending = await write(run, outcome)
    deps.onEnded?.(ending ?? 'lost')
    if (ending === 'success' || ending === 'fail') waiter.ended([run.id])
    if (ending === 'waiting' && outcome.kind === 'failed') wakeIn((nextAttempt(run, outcome, 0) ?? 0) + 1)
    if (outcome.kind === 'failed' && outcome.disable) await disableHandler(database, run.handler.id, clock())
  }

  // A database that is away for a moment must not cost the result; once the lease has ended it is too late anyway.
  async function write(run: Run, outcome: Outcome): Promise<Ending | undefined> {
    for (let tries = 1; ; tries++) {
      try {
        return (await gathered([{ run, outcome }]))[0]
      } catch (error) {
        if (hasCode(error, 'invalid_input') && outcome.kind === 'success') {
          return write(run, {
            kind: 'failed',
            message: 'result_refused: not storable' satisfies FailureText,
            retry: false,
          })
        }
        if (tries >= endTries) throw error
        await pause(endTryMs)
      }
    }
  }

  // Many that come due at about the same time share an alarm; what is further off is found by the poll.
  function wakeIn(ms: number): void {
    const slot = Math.ceil((performance.now() + ms) / alarmSlotMs)
    if (ms > furthestAlarmMs || alarms.has(slot) || stopped) return
    const ring = (): void => {
      alarms.delete(slot)
      wake()
    }
    alarms.set(slot, setTimeout(ring, slot * alarmSlotMs - performance.now()).unref())
  }

  async function review(): Promise<void> {
    if (active.size === 0) return
    const asked = [...active.values()]
    const states = await readStates(
      database,
      asked.map(({ run }) => run.id),
    )
    for (const each of asked) stopUnlessWanted(each, states.get(each.run.id))
  }

  function stopUnlessWanted({ run, stop }: Active, state: RunState | undefined): void {
    if (state === undefined || state.attempt !== run.attempt) stop(lost)
    else if (state.cancelRequested) stop(cancelled)
  }

  return {
    wake,
    wakeIn,
    review,
    abandon() {
      for (const { stop } of active.values()) stop(leaseLost)
    },
    async stop(drainMs) {
      stopped = true
      for (const alarm of alarms.values()) clearTimeout(alarm)
      const all = () => Promise.all([pumping, ...[...active.values()].map(each => each.ended)])
      await within(drainMs, all())
      for (const { stop } of active.values()) stop(handedBack)
      await within(5000, all())
    },
  }
}

const lost: Stop = { why: 'run_lost: its record is gone or was ended', outcome: undefined, graceMs: 0 }
const leaseLost: Stop = { ...lost, why: 'lease_lost: the server was too slow to say that it lives' }
const handBack: Outcome = { kind: 'handed_back' }
const handedBack: Stop = {
  why: 'handed_back: the server stops',
  outcome: handBack,
  graceMs: 0,
}
const cancelled = failing('cancelled: while it was running', false)

function timedOut({ handler }: Run): Stop {
  return failing(`handler_timeout: not done after ${handler.timeout_ms} ms`, true)
}

function failing(why: FailureText, retry: boolean): Stop {
  return { why, outcome: { kind: 'failed', message: why, retry }, graceMs: stopGraceMs }
}
