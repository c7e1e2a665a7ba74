import type { ReasonOf } from '../errors.ts'
import { storableText } from '../json.ts'
import type { Share } from './share.ts'

/** The members of a script's default export that can be run. */
export const entryPoints = ['onCall', 'onCron', 'onRoute', 'onInlineCall', 'onEvent'] as const
export type EntryPoint = (typeof entryPoints)[number]

/** What one run may use: `maxRunMs` of its own time, in which it computes or waits for something, not for its turn. Stack and heap are cut to `scriptBounds`. */
export interface ScriptLimits {
  readonly maxRunMs: number
  readonly maxStackBytes: number
  readonly maxHeapBytes: number
}

/** The most a thread can give: more stack would leave the room of the thread's own stack, more heap its WebAssembly memory. */
export const scriptBounds = { maxStackBytes: 2 * 1024 * 1024, maxHeapBytes: 128 * 1024 * 1024 } as const

/** Calls of the host that may wait for their answers at once. */
export const maxHostCalls = 100
/** JSON text of a result may have this many bytes. */
export const maxResultBytes = 1024 * 1024

/** What a script can ask of the host. */
export type HostCallName = 'send' | 'call' | 'inlineCall' | 'nodeget' | 'fetch'
export type ConsoleLevel = 'log' | 'info' | 'warn' | 'error' | 'debug'

export interface ScriptRun {
  /** The worker's name: which warm thread it gets, and the file name in its stack traces. */
  readonly name: string
  /** An ES module: `export default { onCall(params, env, ctx) {…}, … }`. */
  readonly source: string
  readonly entry: EntryPoint
  /** JSON text. */
  readonly params: string
  /** JSON text. */
  readonly env: string
  /** JSON text of an object: the members of ctx besides its functions. */
  readonly context: string
  readonly limits: ScriptLimits
  readonly share: Share
  /** How many inline calls lie before it. */
  readonly depth: number
  /** How long a thread stays warm for this script after its last run. */
  readonly idleMs: number
  /**
   * Answers ctx.send, ctx.call, ctx.inlineCall, nodeget and fetch. `args` is the JSON text of an array; the answer is JSON text.
   * A rejection becomes an Error in the script, with its message and its `code` and `data` members.
   * `signal` aborts when the run fails; a call that a returned run did not await may go on to the run's deadline.
   */
  readonly host: (name: HostCallName, args: string, signal: AbortSignal) => Promise<string>
  /** A call failed that the script did not await: it returned before the answer reached it. */
  readonly onUnheard?: (name: HostCallName, error: unknown) => void
  /** One call for each line of the script's console, in order. */
  readonly onConsole?: (level: ConsoleLevel, text: string) => void
  /** Cancels the run: the thread is told, and ended when it has not answered 500 ms later. */
  readonly signal?: AbortSignal
}

/** Why a run of a script failed. */
export type ScriptFault = Extract<ReasonOf<'other'>, `script_${string}` | 'sandbox_busy'>

/** `result` is JSON text, `message` starts with the reason and has at most 4 KiB of UTF-8. */
export type ScriptOutcome =
  | { readonly kind: 'returned'; readonly result: string }
  | { readonly kind: 'failed'; readonly reason: ScriptFault; readonly message: string }

/** Where a source does not compile; line and column count from 1. */
export interface SyntaxFault {
  readonly message: string
  readonly line: number
  readonly column: number
}

/** Of a source that takes too much time or memory to compile. */
export const uncheckable: SyntaxFault = {
  message: 'cannot be compiled within the limits',
  line: 1,
  column: 1,
}

const maxMessageBytes = 4096

/** A failed outcome whose message PostgreSQL can keep: no NUL, no lone surrogate, at most 4 KiB. */
export function failed(reason: ScriptFault, detail: string): ScriptOutcome {
  const message = cutToBytes(storableText(`${reason}: ${detail}`), maxMessageBytes)
  return { kind: 'failed', reason, message }
}

function cutToBytes(text: string, limit: number): string {
  if (text.length * 3 <= limit) return text
  const bytes = new Uint8Array(limit)
  const { read } = new TextEncoder().encodeInto(text, bytes)
  return text.slice(0, read)
}
