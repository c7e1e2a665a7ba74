import type { ScriptEnd } from '../../js-worker/run.ts'
import { JsonText } from '../../json.ts'
import type { ScriptFault } from '../../sandbox/sandbox.ts'

/** How a script that handled an event ended, as the event's row tells it. */
export type ScriptHandling =
  | { readonly kind: 'success'; readonly result: unknown }
  | { readonly kind: 'failed'; readonly message: string; readonly retry: boolean }

/** Faults that another attempt would meet again. */
const lasting: ReadonlySet<ScriptFault> = new Set(['script_syntax_error', 'script_entry_missing'])

export function scriptHandling({ outcome }: ScriptEnd): ScriptHandling {
  if (outcome.kind === 'returned') return { kind: 'success', result: new JsonText(outcome.result) }
  return { kind: 'failed', message: outcome.message, retry: !lasting.has(outcome.reason) }
}
