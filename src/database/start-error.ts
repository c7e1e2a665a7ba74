/** Why the database cannot be opened, in words for the operator. Nothing a client sees. */
export class StartError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'StartError'
  }
}

/** What to tell an operator of any error; a refused connection to `localhost` has a code but no message. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.message !== '') return error.message
  return 'code' in error ? String(error.code) : error.name
}
