import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

/** What a request brought. */
export interface Received {
  readonly path: string
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: string
}

/** The HTTP answer to it; undefined: none, ever. */
export interface Answer {
  readonly status?: number
  readonly body: string
}

export interface ScriptedServer {
  readonly url: string
  readonly received: readonly Received[]
  close(): Promise<void>
}

/** A receiver that answers as it is told: for answers that a Daybook server never gives. */
export async function startScriptedServer(
  respond: (request: Received) => Answer | undefined,
): Promise<ScriptedServer> {
  const received: Received[] = []
  const server = createServer(async (request, response) => {
    const entry = { path: request.url ?? '', headers: request.headers, body: await text(request) }
    received.push(entry)
    const answer = respond(entry)
    if (answer === undefined) return
    response.writeHead(answer.status ?? 200, { 'content-type': 'application/json' }).end(answer.body)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    received,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
