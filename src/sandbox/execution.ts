import type { QuickJSHandle } from 'quickjs-emscripten-core'
import { createConsoleBuffer, maxOutputBytes } from './console-buffer.ts'
import type { Guest } from './guest.ts'
import type { FromThread, HostAnswer, RunOrder } from './message.ts'
import { type ConsoleLevel, failed, type ScriptOutcome } from './script.ts'
import { outcomeOfCrash, type Thrown } from './thrown.ts'
import { createVerdict, tooLarge } from './verdict.ts'
import { createPendingCalls, createTimers } from './waits.ts'

/** Jobs between two looks at the clock: each is short, or interrupted. */
const jobsAtOnce = 200

export interface Finished {
  readonly outcome: ScriptOutcome
  /** The calls of the host whose answers did not reach the script. */
  readonly unheard: readonly number[]
  /** False when QuickJS has failed, and the VM must not be used again. */
  readonly isSound: boolean
}

export interface ExecutionOptions {
  readonly order: RunOrder
  readonly guest: Guest
  readonly send: (message: FromThread) => void
  readonly isCancelled: () => boolean
  /** Called once, with the timers of the run cleared and nothing of it left to come. */
  readonly onFinished: (finished: Finished) => void
}

export type Execution = ReturnType<typeof createExecution>

type Step = () => Thrown | undefined

/** What the script's side asks for; the answer is a value for it. */
// biome-ignore lint/suspicious/noConfusingVoidType: most have no answer
type Operation = (args: readonly QuickJSHandle[]) => QuickJSHandle | void

/**
 * One run of a script: its steps, its jobs and how they end. It begins with a turn, which it gives back whenever it has
 * to wait.
 */
export function createExecution({ order, guest, send, isCancelled, onFinished }: ExecutionOptions) {
  // While it waits for its turn, its clock stands still.
  const deadline = createDeadline(order.limits.maxRunMs, () => steps.length === 0 && endIfStopped())
  const timers = createTimers(id => resume(() => guest.call('fire', id)))
  const calls = createPendingCalls(send)
  const output = createConsoleBuffer(lines => send({ kind: 'console', lines }))
  const verdict = createVerdict({ order, guest, isCancelled, isLate: deadline.hasPassed })
  const parts: Parts = { order, guest, verdict, timers, calls, output }
  /** What has come while it had no turn. */
  const steps: Step[] = []
  let hasTurn = true
  let finished = false

  /** Takes a step once it has its turn. */
  function resume(step: Step): void {
    if (finished) return
    steps.push(step)
    if (steps.length === 1) send({ kind: 'wanting' })
  }

  function answer(message: HostAnswer): void {
    if (calls.settle(message.id)) resume(stepOf(message))
  }

  function stepOf({ id, ok, text }: HostAnswer): Step {
    return () => guest.call('answer', id, ok, text)
  }

  /** It has its turn again, after it has said that it wants one. */
  function go(heldMs: number, answer: HostAnswer | undefined): void {
    if (finished) return
    if (answer !== undefined && calls.settle(answer.id)) steps.push(stepOf(answer))
    hasTurn = true
    if (heldMs > 0) deadline.move(heldMs)
    do {
      const step = steps.shift()
      enter(() => {
        if (!verdict.interrupt()) verdict.endIfRejected(step?.())
      })
    } while (!finished && steps.length > 0)
  }

  /** Ends a run that waits, when it has to: nothing of the script runs for that. */
  function endIfStopped(): void {
    if (!finished && verdict.interrupt()) enter(() => undefined)
  }

  function enter(step: () => void): void {
    try {
      step()
      runJobs(guest, verdict)
    } catch (error) {
      verdict.end(outcomeOfCrash(error))
      finish(false)
      return
    }
    const isIdle = steps.length === 0 && calls.isEmpty() && timers.isEmpty()
    if (isIdle && verdict.outcome() === undefined) verdict.endIdle()
    if (verdict.outcome() !== undefined) finish(true)
    else if (hasTurn && steps.length === 0) {
      hasTurn = false
      send({ kind: 'waiting' })
    }
  }

  function finish(isSound: boolean): void {
    finished = true
    deadline.clear()
    timers.clearAll()
    output.flush()
    onFinished({
      outcome: verdict.outcome() ?? failed('script_crashed', 'it ended without an outcome'),
      unheard: calls.ids(),
      isSound,
    })
  }

  return { begin: () => enter(() => load(parts)), answer, go, cancel: endIfStopped }
}

/** When a run is late; `onLate` is called then. */
function createDeadline(ms: number, onLate: () => void) {
  let endsAt = performance.now() + ms
  let timer = setTimeout(onLate, ms)
  return {
    hasPassed: () => performance.now() >= endsAt,
    move(ms: number): void {
      endsAt += ms
      clearTimeout(timer)
      timer = setTimeout(onLate, Math.max(endsAt - performance.now(), 0))
    },
    clear: () => clearTimeout(timer),
  }
}

/** What the script's side can reach of a run. */
interface Parts {
  readonly order: RunOrder
  readonly guest: Guest
  readonly verdict: ReturnType<typeof createVerdict>
  readonly timers: ReturnType<typeof createTimers>
  readonly calls: ReturnType<typeof createPendingCalls>
  readonly output: ReturnType<typeof createConsoleBuffer>
}

/** Compiles the script and calls its entry point. */
function load(parts: Parts): void {
  const { order, guest, verdict } = parts
  const operations = operationsOf(parts)
  const thrown = guest.begin({
    source: order.source,
    file: order.name,
    heapBytes: order.limits.maxHeapBytes,
    stackBytes: order.limits.maxStackBytes,
    // A script that has ended may run on to its next interrupt; nothing of that counts.
    host: (name, args) => (verdict.outcome() === undefined && operations[name]?.(args)) || undefined,
    interrupt: verdict.interrupt,
    onImport: verdict.onImport,
  })
  if (thrown === undefined)
    verdict.endIfRejected(guest.call('prepare', order.params, order.env, order.context))
  else verdict.endLoading(thrown)
  if (verdict.outcome() !== undefined) return
  const loaded = guest.evaluate()
  if (loaded.value === undefined) verdict.endLoading(loaded.thrown)
  else verdict.endIfRejected(guest.call('start', loaded.value, order.entry, isNamespace(guest, loaded.value)))
}

function operationsOf(parts: Parts): Readonly<Record<string, Operation>> {
  const { order, guest, verdict, timers, calls, output } = parts
  const text = (handle?: QuickJSHandle) => (handle === undefined ? '' : guest.context.getString(handle))
  const number = (handle?: QuickJSHandle) =>
    handle === undefined ? Number.NaN : guest.context.getNumber(handle)
  return {
    returned: ([result]) => verdict.setReturned(text(result)),
    failed: ([thrown]) => verdict.endWith(JSON.parse(text(thrown))),
    missing: () => verdict.end(failed('script_entry_missing', `the default export has no ${order.entry}`)),
    too_large: () => verdict.end(tooLarge()),
    relieve: () => guest.relieve(),
    timer: ([id, delay]) => timers.set(number(id), number(delay)),
    clear: ([id]) => timers.clear(number(id)),
    console: ([level, line]) => {
      const json = text(line)
      if (output.add({ level: text(level) as ConsoleLevel, text: json === '' ? '' : JSON.parse(json) }))
        return
      verdict.end(failed('script_output_too_large', `printed more than ${maxOutputBytes} bytes`))
    },
    call: ([id, name, args]) => calls.ask(number(id), text(name), text(args)),
    abort: ([id]) => calls.abort(number(id)),
    library: ([name]) => guest.library(text(name)),
    native: ([name, args, ...buffers]) => guest.native(text(name), text(args), buffers),
  }
}

function runJobs(guest: Guest, verdict: ReturnType<typeof createVerdict>): void {
  while (!verdict.interrupt() && guest.runtime.hasPendingJob()) {
    const ran = guest.runtime.executePendingJobs(jobsAtOnce)
    if (ran.error && !verdict.interrupt()) verdict.endWith(guest.describe(ran.error))
  }
  // Only once there is nothing else to do.
  if (verdict.outcome() === undefined) verdict.endIfRejected(guest.unhandled())
  verdict.interrupt()
  verdict.endIfReturned()
}

/** A module that awaits at its top level comes as a promise of its namespace. */
function isNamespace(guest: Guest, loaded: QuickJSHandle): boolean {
  const state = guest.context.getPromiseState(loaded)
  if (state.type === 'pending') return false
  if (state.type === 'fulfilled' && state.notAPromise === true) return true
  if (state.type === 'fulfilled') state.value.dispose()
  else state.error.dispose()
  return false
}
