import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer, type ServerOptions } from 'node:https'
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

export interface Listener {
  readonly port: number
  /** How many connections were made so far. */
  connections(): number
  /** How many of them are open still. */
  open(): number
  close(): Promise<void>
}

type Answer = (request: IncomingMessage, response: ServerResponse) => void

/** A web server on loopback, for as long as the test runs. */
export function listenHttp(answer: Answer = answerOk): Promise<Listener> {
  return listenForTest(createServer(answer))
}

export function listenHttps(options: ServerOptions, answer: Answer = answerOk): Promise<Listener> {
  return listenForTest(createTlsServer(options, answer))
}

/** Takes connections; what it does with them is up to `take`. */
export function listenTcp(take: (socket: Socket) => void): Promise<Listener> {
  return listenForTest(createTcpServer(take))
}

/** A listener that the caller closes. */
export async function listen(server: Server): Promise<Listener> {
  const sockets = new Set<Socket>()
  let connections = 0
  server.on('connection', (socket: Socket) => {
    connections++
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => connections,
    open: () => sockets.size,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}

/** The body of a request, as text. */
export async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

async function listenForTest(server: Server): Promise<Listener> {
  const listener = await listen(server)
  onTestFinished(() => listener.close())
  return listener
}

function answerOk(_request: IncomingMessage, response: ServerResponse): void {
  response.end('ok')
}
