/** Calls a method and resolves to its result. Throws when the answer is an error. */
export async function callMethod(url: string, method: string, params: unknown): Promise<unknown> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: requestBody(method, params),
  })
  const body = await answer.text()
  const parsed: unknown = answer.ok ? JSON.parse(body) : undefined
  if (typeof parsed === 'object' && parsed !== null && 'result' in parsed) return parsed.result
  throw new Error(`${method} answered ${answer.status}: ${body.slice(0, 500)}`)
}

/** The text of a JSON-RPC request. */
export function requestBody(method: string, params: unknown): string {
  return JSON.stringify({ jsonrpc: '2.0', method, params, id: 1 })
}
