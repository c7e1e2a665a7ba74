const timeoutMs = 5000

/** What `/readyz` of a server says; `isReady` is false when it cannot be reached. */
export interface Readiness {
  readonly isReady: boolean
  readonly isReachable: boolean
  readonly detail: string
}

/** Asks the server at `url` whether it could serve now. Never throws. */
export async function readReadiness(url: string): Promise<Readiness> {
  try {
    const response = await fetch(new URL('/readyz', url), { signal: AbortSignal.timeout(timeoutMs) })
    const detail = (await response.text()).trim()
    return { isReady: response.ok, isReachable: true, detail: detail || `HTTP status ${response.status}` }
  } catch (error) {
    return { isReady: false, isReachable: false, detail: faultText(error) }
  }
}

function faultText(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError') return `no answer within ${timeoutMs} ms`
  const { cause } = error
  return cause instanceof Error ? cause.message || error.message : error.message
}
