import type { Runner } from '../../database/database.ts'
import { rawStatement } from '../../database/statement.ts'
import type { FailureText } from '../../errors.ts'
import { failureOf } from './ending.ts'
import type { Run, RunOutcome } from './run.ts'

/** Does the work of one attempt. `signal` says that its time is up, with an Error that says why. */
export type Execute = (run: Run, signal: AbortSignal) => Promise<RunOutcome>

export interface ActiveRunsOptions {
  readonly execute: Execute
  /** Writes down how an attempt has ended. */
  readonly end: (run: Run, outcome: RunOutcome) => Promise<void>
  /** Called when a run is no longer active. */
  readonly onGone: (run: Run) => void
  readonly onError: (error: unknown) => void
}

/** Why a run is told to stop, and how it has then ended; without an outcome its row is not ours to end. */
interface Stop {
  readonly why: FailureText
  readonly outcome: RunOutcome | undefined
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

const readStates = rawStatement(
  `select id, attempt, cancel_requested from event_log where id = any($1::bigint[]) and status = 'running'`,
)

/** What runs on this server at this moment. */
export function createActiveRuns({ execute, end, onGone, onError }: ActiveRunsOptions) {
  const active = new Map<number, Active>()

  function start(run: Run): void {
    const controller = new AbortController()
    const { promise: cutOff, resolve: cut } = Promise.withResolvers<RunOutcome | undefined>()
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
      .then(outcome => (outcome === undefined ? undefined : end(run, outcome)))
      .catch(onError)
      .finally(() => {
        for (const timer of timers) clearTimeout(timer)
        active.delete(run.id)
        onGone(run)
      })
    active.set(run.id, { run, stop, ended })
  }

  /** Looks whether something was cancelled, deleted or taken away, and stops it. */
  async function review(runner: Pick<Runner, 'run'>): Promise<void> {
    if (active.size === 0) return
    const asked = [...active.values()]
    const { rows } = await runner.run(readStates, [asked.map(({ run }) => run.id)])
    const states = new Map(
      rows.map(([id, attempt, cancel]) => [Number(id), { attempt: Number(attempt), cancel }]),
    )
    for (const { run, stop } of asked) {
      const state = states.get(run.id)
      if (state?.attempt !== run.attempt) stop(lost)
      else if (state?.cancel === true) stop(cancelled)
    }
  }

  function stopAll(stop: Stop): void {
    for (const each of active.values()) each.stop(stop)
  }

  return {
    size: () => active.size,
    start,
    review,
    stopAll,
    ended: () => Promise.all([...active.values()].map(each => each.ended)),
  }
}

const lost: Stop = { why: 'run_lost: its record is gone or was ended', outcome: undefined, graceMs: 0 }
const cancelled = failing('cancelled: while it was running', false)

export const leaseLost: Stop = { ...lost, why: 'lease_lost: the server was too slow to say that it lives' }
export const handedBack: Stop = {
  why: 'handed_back: the server stops',
  outcome: { kind: 'handed_back' },
  graceMs: 0,
}

function timedOut({ handler }: Run): Stop {
  return failing(`handler_timeout: not done after ${handler.timeout_ms} ms`, true)
}

function failing(why: FailureText, retry: boolean): Stop {
  return { why, outcome: { kind: 'failed', message: why, retry }, graceMs: stopGraceMs }
}
