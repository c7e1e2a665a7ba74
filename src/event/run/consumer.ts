import type { Clock } from '../../async/clock.ts'
import { coalesce } from '../../async/coalesce.ts'
import { within } from '../../async/within.ts'
import type { Database } from '../../database/database.ts'
import type { Handler } from '../handler/handler.ts'
import { disableHandler } from '../handler/handler-change.ts'
import type { HandlerDirectory, Handlers } from '../handler/handler-directory.ts'
import { createActiveRuns, type Execute, handedBack, leaseLost } from './active-runs.ts'
import type { Ending } from './end-runs.ts'
import { createEnder } from './ending.ts'
import { nextAttempt, type Run, type RunOutcome } from './run.ts'
import type { ServerLease } from './server-lease.ts'
import { hasLimits, type Taken, takeRuns } from './take-runs.ts'
import type { Waiter } from './wait.ts'

export interface ConsumerDeps {
  readonly database: Database
  readonly directory: HandlerDirectory
  readonly waiter: Waiter
  readonly lease: ServerLease
  readonly clock: Clock
  /** How many runs are executed at once. */
  readonly maxRuns: number
  readonly execute: Execute
  /** Whether this server can run what this handler wants; local handlers are modules that others may not have. */
  canRun(handler: Handler): boolean
  /** Told of each attempt that has ended here. */
  onEnded?(ending: Ending): void
  onError(error: unknown): void
}

export type Consumer = ReturnType<typeof createConsumer>

/** Runs taken in one transaction. */
const maxTaken = 128

const alarmSlotMs = 20
const furthestAlarmMs = 60_000

/** Takes the runs that are due and carries them out. */
export function createConsumer(deps: ConsumerDeps) {
  const { database, directory, waiter, lease, clock, maxRuns, execute, canRun, onError } = deps
  const alarms = createAlarms(() => taking.run())
  const write = createEnder(database, clock)
  const active = createActiveRuns({ execute, end, onGone, onError })
  const taking = coalesce(takeAll, onError)
  let stopped = false
  // The last time there was more than could be taken: each run that ends makes room for it.
  let isBacklogged = false

  async function takeAll(): Promise<void> {
    for (;;) {
      const max = Math.min(maxRuns - active.size(), maxTaken)
      isBacklogged = max <= 0
      if (max <= 0 || stopped) return
      const { runs, left } = await take(max)
      // While this server stops nothing begins any more.
      if (stopped) await Promise.all(runs.map(run => end(run, { kind: 'handed_back' })))
      else for (const run of runs) active.start(run)
      if (!left) return
      // All that is due is locked: its holder takes it, or lets go soon.
      if (runs.length === 0) return alarms.setIn(alarmSlotMs)
    }
  }

  function take(max: number): Promise<Taken> {
    const runnable = ({ all }: Handlers) => all.filter(handler => handler.enabled && canRun(handler))
    return directory.use(database, runnable, (handlers, of) => {
      const options = { of, max, now: clock(), owner: lease.id() }
      if (!hasLimits(of)) return takeRuns(database, handlers, options)
      return database.transaction(runner => takeRuns(runner, handlers, options))
    })
  }

  async function end(run: Run, outcome: RunOutcome): Promise<void> {
    const ending = await write(run, outcome)
    deps.onEnded?.(ending)
    if (ending === 'success' || ending === 'fail') waiter.ended([run.id])
    if (outcome.kind !== 'failed') return
    if (ending === 'waiting') alarms.setIn((nextAttempt(run, outcome, 0) ?? 0) + 1)
    if (outcome.disable) await disableHandler(database, run.handler.id, clock())
  }

  function onGone({ handler }: Run): void {
    if (isBacklogged || handler.concurrency !== null) taking.run()
  }

  return {
    /** There may be work. */
    wake: taking.run,
    /** There will be work in `ms` milliseconds. */
    wakeIn: alarms.setIn,
    /** Looks whether something that runs here was cancelled, deleted or taken away, and stops it. */
    review: () => active.review(database),
    /** What ran under this server's old lease is not ours any more. */
    abandon: () => active.stopAll(leaseLost),
    /** Takes no more work, gives active runs `drainMs` to end, and hands the rest back to be run elsewhere. */
    async stop(drainMs: number): Promise<void> {
      stopped = true
      alarms.stop()
      const all = () => Promise.all([taking.stop(), active.ended()])
      await within(drainMs, all())
      // A take that is under way would take again what is handed back.
      await within(1000, taking.stop())
      active.stopAll(handedBack)
      await within(5000, all())
    },
  }
}

/** Many that come due at about the same time share an alarm; what is further off is found by the poll. */
function createAlarms(ring: () => void) {
  const alarms = new Map<number, NodeJS.Timeout>()
  let stopped = false
  return {
    setIn(ms: number): void {
      const slot = Math.ceil((performance.now() + ms) / alarmSlotMs)
      if (ms > furthestAlarmMs || alarms.has(slot) || stopped) return
      const due = (): void => {
        alarms.delete(slot)
        ring()
      }
      alarms.set(slot, setTimeout(due, slot * alarmSlotMs - performance.now()).unref())
    },
    stop(): void {
      stopped = true
      for (const alarm of alarms.values()) clearTimeout(alarm)
    },
  }
}
