import { hasCode, RpcError, toWire } from '../../errors.ts'

/** The statuses of errors and what follows the prefix in their `error_code`. docs/compatibility/modelarts.md holds the same table. */
const numbers: Readonly<Record<number, string>> = {
  400: '0001',
  401: '0002',
  403: '0003',
  404: '0004',
  405: '0005',
  413: '0006',
  415: '0007',
  500: '0008',
  503: '0009',
}

/** The errors of a surface whose codes begin with `prefix`: `{"error_code":"ModelArts.0001","error_msg":"…"}`. */
export function restErrors(prefix: string) {
  return {
    // RFC 8259 needs no charset, but some clients take Latin-1 for what has none.
    contentType: 'application/json; charset=utf-8',
    statusOf: restStatus,
    textOf(error: unknown, status: number, correlationId: string): string {
      const { message, data } = toWire(error, correlationId)
      const found = data.correlation_id === undefined ? '' : `; correlation id ${data.correlation_id}`
      return JSON.stringify({ error_code: `${prefix}.${numbers[status]}`, error_msg: `${message}${found}` })
    },
  }
}

export type RestErrors = ReturnType<typeof restErrors>

/** The clients know only these statuses, and take 503 for what a retry can cure, 500 for our own fault. */
function restStatus(status: number, error: unknown): number {
  if (status === 408) return 503
  if (status === 500) return error instanceof RpcError && !hasCode(error, 'internal_error') ? 400 : 500
  if (status === 503 && hasCode(error, 'busy') && error.data.retryable !== true) return 400
  return Object.hasOwn(numbers, status) ? status : 400
}
