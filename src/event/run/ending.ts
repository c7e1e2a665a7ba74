import { createBatchQueue } from '../../async/batch-queue.ts'
import type { Clock } from '../../async/clock.ts'
import { pause } from '../../async/pause.ts'
import type { Database } from '../../database/database.ts'
import { type Failure, hasCode, RpcError } from '../../errors.ts'
import { checkJson, JsonText, parseJson, stringifyJson } from '../../json.ts'
import { type EndedRun, type Ending, endRuns } from './end-runs.ts'
import type { Run, RunOutcome } from './run.ts'

const endTries = 60
const endTryMs = 500

/** Writes down how attempts end; what ends together is written together. Resolves to what became of the row. */
export function createEnder(
  database: Database,
  clock: Clock,
): (run: Run, outcome: RunOutcome) => Promise<Ending> {
  const gathered = createBatchQueue<EndedRun, Ending>({
    what: 'ended runs',
    write: ended => endRuns(database, ended, clock()),
  })

  // A database that is away for a moment must not cost the result; once the lease has ended it is too late anyway.
  return async function end(run, given) {
    const outcome = storableOutcome(given)
    for (let tries = 1; ; tries++) {
      try {
        return (await gathered([{ run, outcome }]))[0] ?? 'lost'
      } catch (error) {
        if (hasCode(error, 'invalid_input') && outcome.kind === 'success') {
          return end(run, refused('result_refused', 'not storable'))
        }
        if (tries >= endTries) throw error
        await pause(endTryMs)
      }
    }
  }
}

/** The most JSON text that a result may be, in characters. */
const maxResult = 1024 * 1024

/** As deep as a request may nest; see DAYBOOK_MAX_DEPTH's default. */
const maxDepth = 64

/** The outcome with its result as checked text: one bad result must not spoil the others it is written with. */
export function storableOutcome(outcome: RunOutcome): RunOutcome {
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

function refused(word: Failure, why: string): RunOutcome {
  return { kind: 'failed', message: `${word}: ${why}`, retry: false }
}

/** What is told of an error that a handler's work threw. */
export function failureOf(error: unknown): RunOutcome {
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  const isRefused = error instanceof RpcError && error.data.retryable !== true
  return { kind: 'failed', message: `handler_error: ${message}`, retry: !isRefused }
}
