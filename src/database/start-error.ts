import { RpcError } from '../errors.ts'

/** Why the database cannot be opened, in words for the operator. Nothing a client sees. */
export class StartError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'StartError'
  }
}

/** What to tell an operator of any error: of an RpcError its cause, which no client is told. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error instanceof RpcError && error.cause !== undefined) return describeError(error.cause)
  if (error.message !== '') return error.message
  // A connection refused on both addresses of `localhost` has a code but no message.
  return 'code' in error ? String(error.code) : error.name
}
