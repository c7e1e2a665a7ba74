import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

/** One connection as the receiver sees it. */
export interface Connection {
  /** What was asked for, by name. */
  readonly query: Readonly<Record<string, string>>
  readonly path: string
  readonly headers: IncomingMessage['headers']
  /** Answers with a stream of events, and sends this much of it. */
  stream(text: string): void
  /** Answers with something else. */
  answer(status: number, body: string): void
  /** Cuts it off. */
  cut(): void
  readonly response: ServerResponse
  readonly closed: Promise<void>
}

export interface ScriptedStream {
  readonly url: string
  readonly connections: readonly Connection[]
}

/** A receiver that streams what it is told, for what a Daybook server does seldom or never. It ends with the test. */
export async function startScriptedStream(
  serve: (connection: Connection, place: number) => void,
): Promise<ScriptedStream> {
  const connections: Connection[] = []
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://x')
    const connection: Connection = {
      query: Object.fromEntries(searchParams),
      path: pathname,
      headers: request.headers,
      response,
      closed: new Promise(resolve => response.once('close', resolve)),
      stream(text) {
        if (!response.headersSent)
          response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
        response.write(text)
      },
      answer: (status, body) => void response.writeHead(status, { 'content-type': 'text/html' }).end(body),
      cut: () => void response.destroy(),
    }
    connections.push(connection)
    serve(connection, connections.length - 1)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, connections }
}

/** The text of a change. */
export function changeText(number: number, row: unknown = { id: number }): string {
  return `id: ${number}\ndata: ${JSON.stringify(row)}\n\n`
}
