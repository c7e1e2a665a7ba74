import type { FromThread, HostAnswer } from './message.ts'
import { maxHostCalls, type ScriptRun } from './script.ts'

export type HostCall = FromThread & { readonly kind: 'host' }

/** An answer of the host lies in both threads' memory. */
const maxAnswerLength = 4 * 1024 * 1024

/** What one run asks of the host. */
export function createHostCalls(run: ScriptRun) {
  const all = new AbortController()
  /** Of the calls that wait for their answers. */
  const aborts = new Map<number, AbortController>()
  /** Why calls failed whose answers are on their way: the last, and as many as can wait at once. */
  const failures = new Map<number, { readonly call: HostCall; readonly error: unknown }>()
  let hasReturned = false
  let hasCalled = false

  async function ask(call: HostCall): Promise<HostAnswer> {
    hasCalled = true
    const abort = new AbortController()
    aborts.set(call.id, abort)
    const { answer, error } = await askHost(run, call, AbortSignal.any([all.signal, abort.signal]))
    aborts.delete(call.id)
    if (!answer.ok && !all.signal.aborted) fail(call, error)
    return answer
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

  /** The run returned; the answers to these calls did not reach it. Calls that still wait may take another `leftMs`. */
  function returned(unheard: readonly number[], leftMs: number): void {
    hasReturned = true
    for (const id of unheard) {
      const failure = failures.get(id)
      if (failure !== undefined) run.onUnheard?.(failure.call.name, failure.error)
    }
    // A script that sends without awaiting has still sent.
    if (aborts.size > 0 && leftMs > 0) setTimeout(() => all.abort(), leftMs).unref()
    else end()
  }

  function end(): void {
    if (hasCalled) all.abort()
  }

  return { ask, abort: (id: number) => aborts.get(id)?.abort(), returned, end }
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
