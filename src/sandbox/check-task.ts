import { checkMs } from './message.ts'
import { failed, type SyntaxFault } from './script.ts'
import type { ScriptThread } from './script-thread.ts'

const graceMs = 100

/** Compiles a source in a thread that is ready, without running it. Never rejects. */
export function checkInThread(thread: ScriptThread, source: string): Promise<SyntaxFault | undefined> {
  const { promise, resolve } = Promise.withResolvers<SyntaxFault | undefined>()
  const task = {
    onMessage: (message: { readonly kind: string; readonly fault?: SyntaxFault | undefined }) => {
      if (message.kind === 'checked') resolve(message.fault)
      return message.kind === 'checked'
    },
    onLost: () => resolve({ message: 'cannot be compiled within the limits', line: 1, column: 1 }),
  }
  const late = failed('script_timeout', 'took too long to compile')
  thread.begin(task, { kind: 'check', source }, checkMs + graceMs, late)
  return promise
}
