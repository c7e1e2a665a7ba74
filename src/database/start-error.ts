import { inspect } from 'node:util'
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
  // The embedded engine throws objects of its file system, which are no Errors.
  if (!(error instanceof Error))
    return typeof error === 'string' ? error : inspect(error, { depth: 1, breakLength: Infinity })
  if (error instanceof RpcError && error.cause !== undefined) return describeError(error.cause)
  if (error.message !== '') return error.message
  // A connection refused on both addresses of `localhost` has a code but no message.
  return 'code' in error ? String(error.code) : error.name
}
