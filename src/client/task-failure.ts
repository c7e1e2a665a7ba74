import { storableText } from '../json.ts'

/** Thrown by the work of a task to say how it failed; anything else that is thrown is tried again. */
export class TaskFailure extends Error {
  /** Whether to try again, as often as the handler allows. */
  readonly retry: boolean

  constructor(message: string, options: { readonly retry: boolean }) {
    super(message)
    this.name = 'TaskFailure'
    this.retry = options.retry
  }
}

const longestMessage = 16_000

/** What the record tells of an error that the work threw. */
export function failureMessage(error: unknown): string {
  const text = error instanceof TaskFailure ? error.message : describe(error)
  // The server would refuse these, and the task would stay open.
  return storableText(text.slice(0, longestMessage)) || 'failed'
}

function describe(error: unknown): string {
  if (error instanceof Error) return error.message === '' ? error.name : `${error.name}: ${error.message}`
  return typeof error === 'object' ? 'an object was thrown' : String(error)
}
