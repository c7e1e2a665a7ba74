/** What an HTTP request was answered with. */
export interface Exchange {
  readonly status: number
  readonly body: string
}

/** Posts a body as JSON. */
export async function post(url: string, body: string): Promise<Exchange> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
    signal: AbortSignal.timeout(120_000),
  })
  return { status: answer.status, body: await answer.text() }
}

/** The JSON text of a request. */
export function requestText(method: string, params: unknown, id: unknown = 1): string {
  return JSON.stringify({ jsonrpc: '2.0', method, params, id })
}

/** What `texts` say, at most `atOnce` of them under way. */
export async function postAll(
  url: string,
  texts: readonly string[],
  atOnce: number,
): Promise<readonly Exchange[]> {
  const answers: Exchange[] = []
  const rest = texts.values()
  const work = async (): Promise<void> => {
    for (const text of rest) answers.push(await post(url, text))
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  return answers
}
