import { errorCodes, RpcError } from '../errors.ts'

/** The statuses of errors and what follows the prefix in their `error_code`. docs/compatibility/modelarts.md holds the same table. */
const numbers = {
  400: '0001',
  401: '0002',
  403: '0003',
  404: '0004',
  405: '0005',
  413: '0006',
  415: '0007',
  500: '0008',
  503: '0009',
} as const

export type RestStatus = keyof typeof numbers

/** The body of an error: `{"error_code":"ModelArts.0001","error_msg":"…"}`. */
export function restErrorText(errorPrefix: string, status: RestStatus, message: string): string {
  return JSON.stringify({ error_code: `${errorPrefix}.${numbers[status]}`, error_msg: message })
}

/** The HTTP status of an error. `isKnown`: whether the caller's credential had been accepted when it came. */
export function restStatusOf(error: unknown, isKnown: boolean): RestStatus {
  if (!(error instanceof RpcError)) return 500
  switch (error.code) {
    case errorCodes.malformed_credential:
      return 401
    case errorCodes.permission_denied:
      return isKnown ? 403 : 401
    case errorCodes.not_found:
      return 404
    case errorCodes.database_error:
      return 503
    case errorCodes.busy:
      return error.data.retryable === true ? 503 : 400
    case errorCodes.internal_error:
      return 500
    default:
      return 400
  }
}
