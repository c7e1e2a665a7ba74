import type { ConsoleLevel, HostCallName, ScriptOutcome, ScriptRun, SyntaxFault } from './script.ts'

/** How long compiling a source without running it may take. */
export const checkMs = 2000

/** What a thread is started with. `cancelled[0]` becomes 1 to stop a run that cannot read its messages. */
export interface ThreadData {
  readonly module: WebAssembly.Module
  readonly cancelled: Int32Array<SharedArrayBuffer>
}

/** The part of a run that crosses to the thread: text and numbers. */
export type RunOrder = Pick<ScriptRun, 'name' | 'source' | 'entry' | 'params' | 'env' | 'context' | 'limits'>

/** `text` is the answer, or `{message, code?, data?}` when it failed. */
export interface HostAnswer {
  readonly kind: 'answer'
  readonly id: number
  readonly ok: boolean
  readonly text: string
}

export type ToThread =
  | { readonly kind: 'run'; readonly order: RunOrder }
  | { readonly kind: 'check'; readonly source: string }
  | { readonly kind: 'cancel' }
  | HostAnswer
  /** The run continues, often with an answer; `heldMs`: how long it waited for its turn, which is not counted against it. */
  | { readonly kind: 'go'; readonly heldMs: number; readonly answer: HostAnswer | undefined }

export interface ConsoleLine {
  readonly level: ConsoleLevel
  readonly text: string
}

export type FromThread =
  /** The thread takes the next run or check. */
  | { readonly kind: 'ready' }
  /** The run can do nothing until a timer or an answer comes. It continues when it is told to. */
  | { readonly kind: 'waiting' }
  /** What it waited for has come. */
  | { readonly kind: 'wanting' }
  | { readonly kind: 'host'; readonly id: number; readonly name: HostCallName; readonly args: string }
  /** The script no longer wants the answer. */
  | { readonly kind: 'abort'; readonly id: number }
  | { readonly kind: 'console'; readonly lines: readonly ConsoleLine[] }
  /** `unheard`: the calls of a script that returned before their answers reached it. `isReady`: as with `ready`. */
  | {
      readonly kind: 'outcome'
      readonly outcome: ScriptOutcome
      readonly unheard: readonly number[]
      readonly isReady: boolean
    }
  | { readonly kind: 'checked'; readonly fault: SyntaxFault | undefined }
