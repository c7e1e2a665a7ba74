import { AsyncResource } from 'node:async_hooks'
import { type FromThread, type HostAnswer, maxHostCalls, type RunOrder } from './message.ts'
import { failed, type ScriptOutcome, type ScriptRun } from './script.ts'
import type { ScriptThread, Task } from './script-thread.ts'
import type { Turn } from './turn.ts'

/** How long after its deadline a thread may still answer before it is ended. */
const graceMs = 100
/** An answer of the host lies in both threads' memory. */
const maxAnswerLength = 4 * 1024 * 1024

type HostCall = FromThread & { readonly kind: 'host' }

/** Runs a script in a thread that is ready, and in its turn. Never rejects. */
export function runInThread(
  thread: ScriptThread,
  run: ScriptRun,
  turn: Pick<Turn, 'give' | 'want'>,
): Promise<ScriptOutcome> {
  const { name, source, entry, params, env, context, limits } = run
  const order: RunOrder = { name, source, entry, params, env, context, limits }
  const calls = new AbortController()
  let deadline = performance.now() + limits.maxRunMs
  const { promise, resolve } = Promise.withResolvers<ScriptOutcome>()
  /** Of the calls that wait for their answers. */
  const aborts = new Map<number, AbortController>()
  /** Why calls failed whose answers are on their way: as many as can wait at once, the last. */
  const failures = new Map<number, { readonly call: HostCall; readonly error: unknown }>()
  let hasReturned = false
  let hasCalled = false

  const task: Task = {
    // Messages come on behalf of whoever started the thread.
    onMessage: AsyncResource.bind((message: FromThread) => {
      if (message.kind === 'waiting') turn.give()
      if (message.kind === 'wanting') turn.want(stopClock, goOn)
      if (message.kind === 'host') answerCall(message)
      if (message.kind === 'abort') aborts.get(message.id)?.abort()
      if (message.kind === 'console') {
        for (const { level, text } of message.lines) run.onConsole?.(level, text)
      }
      if (message.kind === 'outcome') {
        if (message.outcome.kind === 'returned') sayUnheard(message.unheard)
        settle(message.outcome)
      }
      return message.kind === 'outcome'
    }),
    onLost: settle,
  }

  async function answerCall(call: HostCall): Promise<void> {
    hasCalled = true
    const abort = new AbortController()
    aborts.set(call.id, abort)
    const { answer, error } = await askHost(run, call, AbortSignal.any([calls.signal, abort.signal]))
    aborts.delete(call.id)
    if (!answer.ok && !calls.signal.aborted) fail(call, error)
    sendAnswer(answer)
  }

  /** With its turn, where that is free: it would have to ask for it otherwise. */
  function sendAnswer(answer: HostAnswer): void {
    let unsent: HostAnswer | undefined = answer
    turn.want(stopClock, heldMs => {
      goOn(heldMs, unsent)
      unsent = undefined
    })
    if (unsent !== undefined) thread.post(task, unsent)
    unsent = undefined
  }

  function stopClock(): void {
    thread.pause(task)
  }

  function goOn(heldMs: number, answer?: HostAnswer): void {
    deadline += heldMs
    if (heldMs > 0) thread.proceed(task)
    thread.post(task, { kind: 'go', heldMs, answer })
  }

  function fail(call: HostCall, error: unknown): void {
    if (hasReturned) {
      run.onUnheard?.(call.name, error)
      return
    }
    failures.set(call.id, { call, error })
    const [oldest] = failures.keys()
    if (failures.size > maxHostCalls && oldest !== undefined) failures.delete(oldest)
  }

  function sayUnheard(ids: readonly number[]): void {
    hasReturned = true
    for (const id of ids) {
      const failure = failures.get(id)
      if (failure !== undefined) run.onUnheard?.(failure.call.name, failure.error)
    }
  }

  function settle(outcome: ScriptOutcome): void {
    run.signal?.removeEventListener('abort', cancel)
    const left = deadline - performance.now()
    // A script that sends without awaiting has still sent.
    if (outcome.kind === 'returned' && aborts.size > 0 && left > 0)
      setTimeout(() => calls.abort(), left).unref()
    else if (hasCalled) calls.abort()
    resolve(outcome)
  }

  function cancel(): void {
    thread.cancel(task, failed('script_cancelled', 'it was cancelled'))
  }

  const late = failed('script_timeout', `did not end within ${limits.maxRunMs} ms`)
  thread.begin(task, { kind: 'run', order }, limits.maxRunMs + graceMs, late)
  run.signal?.addEventListener('abort', cancel, { once: true })
  return promise
}

async function askHost(
  run: ScriptRun,
  { id, name, args }: HostCall,
  signal: AbortSignal,
): Promise<{ readonly answer: HostAnswer; readonly error?: unknown }> {
  try {
    const text = await run.host(name, args, signal)
    if (text.length > maxAnswerLength) throw new RangeError('the answer is too large for a script')
    return { answer: { kind: 'answer', id, ok: true, text } }
  } catch (error) {
    return { answer: { kind: 'answer', id, ok: false, text: faultText(error) }, error }
  }
}

function faultText(error: unknown): string {
  const { message, code, data } = Object(error) as { message?: unknown; code?: unknown; data?: unknown }
  const text = typeof message === 'string' ? message : String(error)
  try {
    return JSON.stringify({ message: text, code, data })
  } catch {
    return JSON.stringify({ message: text })
  }
}
