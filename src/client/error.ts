import type { ErrorDetail } from '../errors.ts'

/** The `error` member of an answer; a server that is not Daybook may say what it likes as reason. */
export interface AnsweredError {
  readonly code: number
  readonly message: string
  readonly data: ErrorDetail & { readonly reason: string }
}

/** The server understood the request and refused it, or failed at it: the `error` member of its answer. */
export class DaybookError extends Error {
  /** One of the numbers of the table of docs/errors.md, e.g. 102. */
  readonly code: number
  /** A stable snake_case word, e.g. `permission_denied`. */
  readonly reason: string
  /** Which value is at fault, e.g. `query.condition[2].limit`. */
  readonly path: string | undefined
  /** Whether the same request may succeed later. */
  readonly retryable: boolean
  readonly data: Readonly<Record<string, unknown>>

  constructor(error: AnsweredError) {
    super(error.message)
    this.name = 'DaybookError'
    this.code = error.code
    this.data = error.data
    this.reason = error.data.reason
    this.path = error.data.path
    this.retryable = error.data.retryable === true
  }
}

/** No JSON-RPC answer came back: the server was not reached, was too slow, or something else answered. */
export class DaybookConnectionError extends Error {
  /** The HTTP status; undefined when there was no answer at all. */
  readonly status: number | undefined

  constructor(message: string, options: { status?: number; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause })
    this.name = 'DaybookConnectionError'
    this.status = options.status
  }
}
