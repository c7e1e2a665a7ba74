import { type Failure, RpcError } from '../../errors.ts'
import { checkJson, JsonText, parseJson, stringifyJson } from '../../json.ts'
import type { Outcome } from './run.ts'

/** The most JSON text that a result may be, in characters. */
const maxResult = 1024 * 1024

/** As deep as a request may nest; see DAYBOOK_MAX_DEPTH's default. */
const maxDepth = 64

/** The outcome with its result as checked text: one bad result must not spoil the others it is written with. */
export function storableOutcome(outcome: Outcome): Outcome {
  if (outcome.kind !== 'success') return outcome
  try {
    const text = stringifyJson(outcome.result)
    if (text.length > maxResult) return refused('result_too_large', `more than ${maxResult} characters`)
    checkJson(parseJson(text), text, maxDepth)
    return { kind: 'success', result: new JsonText(text) }
  } catch (error) {
    return refused('result_refused', error instanceof Error ? error.message : 'it is no JSON')
  }
}

function refused(word: Failure, why: string): Outcome {
  return { kind: 'failed', message: `${word}: ${why}`, retry: false }
}

/** What is told of an error that a handler's work threw. */
export function failureOf(error: unknown): Outcome {
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  const isRefused = error instanceof RpcError && error.data.retryable !== true
  return { kind: 'failed', message: `handler_error: ${message}`, retry: !isRefused }
}
