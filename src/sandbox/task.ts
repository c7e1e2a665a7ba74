import { AsyncResource } from 'node:async_hooks'
import { createHostCalls, type HostCall } from './host-calls.ts'
import { checkMs, type FromThread, type HostAnswer, type RunOrder } from './message.ts'
import { failed, type ScriptOutcome, type ScriptRun, type SyntaxFault, uncheckable } from './script.ts'
import type { ScriptThread, Task } from './script-thread.ts'
import type { Turn } from './turn.ts'

/** How long after its deadline a thread may still answer before it is ended. */
const graceMs = 100

/** Runs a script in a thread that is ready, and in its turn. Never rejects. */
export function runInThread(
  thread: ScriptThread,
  run: ScriptRun,
  turn: Pick<Turn, 'give' | 'want'>,
): Promise<ScriptOutcome> {
  const { name, source, entry, params, env, context, limits } = run
  const order: RunOrder = { name, source, entry, params, env, context, limits }
  const calls = createHostCalls(run)
  let deadline = performance.now() + limits.maxRunMs
  const { promise, resolve } = Promise.withResolvers<ScriptOutcome>()

  const task: Task = {
    // Without this, messages would arrive on behalf of the request that started the thread.
    onMessage: AsyncResource.bind((message: FromThread) => {
      if (message.kind === 'waiting') turn.give()
      if (message.kind === 'wanting') turn.want(stopClock, goOn)
      if (message.kind === 'host') answer(message)
      if (message.kind === 'abort') calls.abort(message.id)
      if (message.kind === 'console') {
        for (const { level, text } of message.lines) run.onConsole?.(level, text)
      }
      if (message.kind === 'outcome') settle(message.outcome, message.unheard)
      return message.kind === 'outcome'
    }),
    onLost: outcome => settle(outcome, []),
  }

  /** With its turn, where that is free: it would have to ask for it otherwise. */
  async function answer(call: HostCall): Promise<void> {
    let unsent: HostAnswer | undefined = await calls.ask(call)
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

  function settle(outcome: ScriptOutcome, unheard: readonly number[]): void {
    run.signal?.removeEventListener('abort', cancel)
    if (outcome.kind === 'returned') calls.returned(unheard, deadline - performance.now())
    else calls.end()
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

/** Compiles a source in a thread that is ready, without running it. Never rejects. */
export function checkInThread(thread: ScriptThread, source: string): Promise<SyntaxFault | undefined> {
  const { promise, resolve } = Promise.withResolvers<SyntaxFault | undefined>()
  const task: Task = {
    onMessage: message => {
      if (message.kind === 'checked') resolve(message.fault)
      return message.kind === 'checked'
    },
    onLost: () => resolve(uncheckable),
  }
  const late = failed('script_timeout', 'took too long to compile')
  thread.begin(task, { kind: 'check', source }, checkMs + graceMs, late)
  return promise
}
