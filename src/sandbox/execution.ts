import type { QuickJSHandle } from 'quickjs-emscripten-core'
import { createConsoleBuffer, maxOutputBytes } from './console-buffer.ts'
import {
  importFaultOf,
  isOfParsing,
  outcomeOfCrash,
  outcomeOfSyntax,
  outcomeOfThrown,
  outOfMemory,
  syntaxFaultOf,
} from './fault.ts'
import { type Guest, maxResultBytes, type Thrown } from './guest.ts'
import { type FromThread, type HostAnswer, maxHostCalls, type RunOrder } from './message.ts'
import { type ConsoleLevel, failed, type HostCallName, type ScriptOutcome } from './script.ts'
import { createScriptTimers } from './script-timers.ts'

/** JSON text that the calls of the host may hold which wait for their answers. */
export const maxArgumentBytes = 1024 * 1024

/** Jobs between two looks at the clock: each is short, or interrupted. */
const jobsAtOnce = 200

export interface Finished {
  readonly outcome: ScriptOutcome
  /** The calls of the host whose answers did not reach the script. */
  readonly unheard: readonly number[]
  /** False when the engine has failed, and must not be used again. */
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

export interface Execution {
  readonly begin: () => void
  readonly answer: (message: HostAnswer) => void
  /** It has its turn again, after it has said that it wants one. */
  readonly go: (heldMs: number, answer: HostAnswer | undefined) => void
  readonly cancel: () => void
}

type Step = () => Thrown | undefined

/** What the script's side asks for; the answer is a value for it. */
// biome-ignore lint/suspicious/noConfusingVoidType: most have no answer
type Operation = (args: readonly QuickJSHandle[]) => QuickJSHandle | void

/**
 * One run of a script: its job loop, deadline, host calls, timers and output. It begins with a turn, which it gives back
 * whenever it has to wait.
 */
export function createExecution({
  order,
  guest,
  send,
  isCancelled,
  onFinished,
}: ExecutionOptions): Execution {
  let deadline = performance.now() + order.limits.maxRunMs
  let deadlineTimer = setTimeout(endIfLate, order.limits.maxRunMs)
  const timers = createScriptTimers(id => resume(() => guest.call('fire', id)))
  const output = createConsoleBuffer(lines => send({ kind: 'console', lines }))
  /** Bytes of the arguments of each call that waits for its answer. */
  const pending = new Map<number, number>()
  let pendingBytes = 0
  let outcome: ScriptOutcome | undefined
  /** What the entry point returned. The jobs that are ready still run: one of them may be what fails the run. */
  let returned: ScriptOutcome | undefined
  let imported: string | undefined
  /** What has come while it had no turn. */
  const steps: Step[] = []
  let hasTurn = true
  let finished = false

  const operations: Readonly<Record<string, Operation>> = {
    // The deadline is for the JSON of the result too.
    returned: ([text]) => {
      returned ??= interrupt() ? timedOut() : returnedOutcome(textOf(guest, text))
    },
    failed: ([text]) => end(outcomeOf(JSON.parse(textOf(guest, text)))),
    missing: () => end(failed('script_entry_missing', `the default export has no ${order.entry}`)),
    too_large: () => end(tooLarge()),
    relieve: () => guest.relieve(),
    timer: ([id, delay]) => timers.set(numberOf(guest, id), numberOf(guest, delay)),
    clear: ([id]) => timers.clear(numberOf(guest, id)),
    console: ([level, text]) => print(textOf(guest, level), textOf(guest, text)),
    call: ([id, name, args]) => callHost(numberOf(guest, id), textOf(guest, name), textOf(guest, args)),
    abort: ([id]) => abortCall(numberOf(guest, id)),
    library: ([name]) => guest.library(textOf(guest, name)),
    native: ([name, args, ...buffers]) => guest.native(textOf(guest, name), textOf(guest, args), buffers),
  }

  function end(result: ScriptOutcome): void {
    outcome ??= result
  }

  function endIfThrown(thrown: Thrown | undefined): void {
    if (thrown !== undefined) end(outcomeOf(thrown, 'unhandled rejection: '))
  }

  /** True when the script must stop: called again and again while it runs. */
  function interrupt(): boolean {
    if (isCancelled()) end(failed('script_cancelled', 'it was cancelled'))
    if (performance.now() >= deadline) end(timedOut())
    return outcome !== undefined
  }

  function timedOut(): ScriptOutcome {
    return failed('script_timeout', `did not end within ${order.limits.maxRunMs} ms`)
  }

  function callHost(id: number, name: string, args: string): void {
    if (args === '') throw new RangeError('no heap is left to hand the arguments over')
    if (pending.size >= maxHostCalls) throw new RangeError(`more than ${maxHostCalls} calls at once`)
    const bytes = Buffer.byteLength(args)
    if (pendingBytes + bytes > maxArgumentBytes) throw new RangeError('the arguments are too large')
    pendingBytes += bytes
    pending.set(id, bytes)
    send({ kind: 'host', id, name: name as HostCallName, args })
  }

  function abortCall(id: number): void {
    if (pending.has(id)) send({ kind: 'abort', id })
  }

  function print(level: string, text: string): void {
    const line = { level: level as ConsoleLevel, text: text === '' ? '' : JSON.parse(text) }
    if (output.add(line)) return
    end(failed('script_output_too_large', `printed more than ${maxOutputBytes} bytes`))
  }

  function begin(): void {
    enter(() => {
      const thrown = guest.begin({
        source: order.source,
        file: order.name,
        heapBytes: order.limits.maxHeapBytes,
        stackBytes: order.limits.maxStackBytes,
        // A script that has ended may run on to its next interrupt; nothing of that counts.
        host: (operation, args) => (outcome === undefined && operations[operation]?.(args)) || undefined,
        interrupt,
        onImport: specifier => {
          imported ??= specifier
        },
      })
      if (thrown !== undefined) end(outcomeOfLoading(thrown))
      else load()
    })
  }

  function load(): void {
    endIfThrown(guest.call('prepare', order.params, order.env, order.context))
    if (outcome !== undefined) return
    const { value, thrown } = guest.evaluate()
    if (value === undefined) end(outcomeOfLoading(thrown))
    else endIfThrown(guest.call('start', value, order.entry, isNamespace(guest, value)))
  }

  function outcomeOfLoading(thrown: Thrown): ScriptOutcome {
    if (imported !== undefined) return outcomeOfSyntax(importFaultOf(order.source, imported))
    return isOfParsing(thrown, order.name) ? outcomeOfSyntax(syntaxFaultOf(thrown)) : outcomeOf(thrown)
  }

  function outcomeOf(thrown: Thrown, label?: string): ScriptOutcome {
    // With no heap left for the error of that, QuickJS throws null.
    if (thrown.empty && guest.engine.isFull()) return outOfMemory()
    return outcomeOfThrown(thrown, label)
  }

  /** Takes a step once it has its turn. */
  function resume(step: Step | undefined): void {
    if (finished || step === undefined) return
    steps.push(step)
    if (steps.length === 1) send({ kind: 'wanting' })
  }

  /** Undefined for a call whose answer nobody waits for. */
  function stepOf({ id, ok, text }: HostAnswer): Step | undefined {
    pendingBytes -= pending.get(id) ?? 0
    return pending.delete(id) ? () => guest.call('answer', id, ok, text) : undefined
  }

  function go(heldMs: number, answer: HostAnswer | undefined): void {
    if (finished) return
    const answered = answer && stepOf(answer)
    if (answered !== undefined) steps.push(answered)
    hasTurn = true
    if (heldMs > 0) moveDeadline(heldMs)
    do {
      const step = steps.shift()
      enter(() => {
        if (!interrupt()) endIfThrown(step?.())
      })
    } while (!finished && steps.length > 0)
  }

  function moveDeadline(ms: number): void {
    deadline += ms
    clearTimeout(deadlineTimer)
    deadlineTimer = setTimeout(endIfLate, Math.max(deadline - performance.now(), 0))
  }

  function endIfLate(): void {
    // While it waits for its turn, its clock stands still.
    if (steps.length === 0) endIfStopped()
  }

  /** Ends a run that waits, when it has to: nothing of the script runs for that. */
  function endIfStopped(): void {
    if (!finished && interrupt()) enter(() => undefined)
  }

  function enter(step: () => void): void {
    try {
      step()
      runJobs()
      failIfUnhandled()
      interrupt()
      if (returned !== undefined) end(returned)
    } catch (error) {
      end(outcomeOfCrash(error))
      finish(false)
      return
    }
    if (outcome === undefined && pending.size === 0 && timers.count() === 0 && steps.length === 0) {
      // A promise that failed for want of heap, and that nobody looks at, leaves others waiting for ever.
      end(
        guest.engine.isFull()
          ? outOfMemory()
          : failed('script_never_settles', 'it awaits what can never come'),
      )
    }
    if (outcome !== undefined) finish(true)
    else if (hasTurn && steps.length === 0) giveTurn()
  }

  function giveTurn(): void {
    hasTurn = false
    send({ kind: 'waiting' })
  }

  function runJobs(): void {
    while (!interrupt() && guest.runtime.hasPendingJob()) {
      const ran = guest.runtime.executePendingJobs(jobsAtOnce)
      if (ran.error && !interrupt()) end(outcomeOf(guest.describe(ran.error)))
    }
  }

  /** As in Node, a rejected promise that nobody awaits is a failure once there is nothing else to do. */
  function failIfUnhandled(): void {
    const thrown = outcome === undefined ? guest.unhandled() : undefined
    if (thrown !== undefined) end(outcomeOf(thrown, 'unhandled rejection: '))
  }

  function finish(isSound: boolean): void {
    finished = true
    clearTimeout(deadlineTimer)
    timers.clearAll()
    output.flush()
    onFinished({
      outcome: outcome ?? failed('script_crashed', 'it ended without an outcome'),
      unheard: [...pending.keys()],
      isSound,
    })
  }

  return {
    begin,
    answer: answer => resume(stepOf(answer)),
    go,
    cancel: endIfStopped,
  }
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

function returnedOutcome(result: string): ScriptOutcome {
  // Nothing comes out when the heap has no room for a copy.
  if (result === '') return outOfMemory()
  return Buffer.byteLength(result) > maxResultBytes ? tooLarge() : { kind: 'returned', result }
}

function tooLarge(): ScriptOutcome {
  return failed('script_result_too_large', `the result has more than ${maxResultBytes} bytes of JSON`)
}

function textOf(guest: Guest, handle: QuickJSHandle | undefined): string {
  return handle === undefined ? '' : guest.context.getString(handle)
}

function numberOf(guest: Guest, handle: QuickJSHandle | undefined): number {
  return handle === undefined ? Number.NaN : guest.context.getNumber(handle)
}
