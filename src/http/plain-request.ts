import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { onBehalfOf, strangerAt } from '../fairness/behalf.ts'
import { shareAddress } from '../ip-address.ts'
import type { Logger } from '../logger.ts'
import { failure, writeResponse } from '../rpc/outcome.ts'
import { requestIdOf } from '../rpc/request-context.ts'
import type { Connections } from './connections.ts'
import type { Health } from './health.ts'
import type { OriginRules } from './origin.ts'
import { answerRpc, type RpcDeps } from './rpc-answer.ts'

export interface PlainRequestOptions extends RpcDeps {
  /** The paths that take JSON-RPC. */
  readonly paths: readonly string[]
  readonly maxBodyBytes: number
  /** Whether a proxy may say where a request comes from. */
  readonly hasProxies: boolean
  readonly origins: OriginRules
  readonly connections: Connections
  readonly health: Health
  readonly logger: Logger
}

const plainTypes = new Set(['application/json', 'application/json; charset=utf-8', 'application/json-rpc'])

/**
 * Takes the requests that most are past the hooks and the parsers of Fastify, which cost as much CPU as to
 * answer them does: a POST of plain JSON whose body came with its head, where there is nothing to be found
 * out about its origin or its address and nothing to refuse. Every other request is Fastify's, untouched.
 */
export function takePlainRequests(app: FastifyInstance, options: PlainRequestOptions): void {
  const others = app.server.listeners('request') as RequestListener[]
  const isPlain = plainTest(options)
  app.server.removeAllListeners('request')
  app.server.on('request', (request, response) => {
    const pass = (): void => {
      for (const other of others) other.call(app.server, request, response)
    }
    const length = isPlain(request)
    if (length === undefined) return pass()
    // By then what came with the head has been read.
    process.nextTick(() => {
      if (request.readableLength !== length) return pass()
      const body: Buffer = request.read()
      void answer(request, response, body, options)
    })
  })
}

/** Tells how long the body of a plain request is; undefined: it is not plain. */
function plainTest(options: PlainRequestOptions): (request: IncomingMessage) => number | undefined {
  const { maxBodyBytes, hasProxies, origins, connections, health } = options
  const paths = new Set(options.paths)
  return ({ method, url = '', headers, socket }) => {
    if (method !== 'POST' || !paths.has(url) || !plainTypes.has(headers['content-type'] ?? ''))
      return undefined
    if (headers.origin !== undefined || headers['content-encoding'] !== undefined) return undefined
    if (hasProxies && headers['x-forwarded-for'] !== undefined) return undefined
    if (health.isLeaving || !origins.allowsHost(headers.host)) return undefined
    if (socket.remoteAddress === undefined || connections.overflowOf(socket) !== undefined) return undefined
    const length = Number(headers['content-length'])
    return length > 0 && length <= maxBodyBytes ? length : undefined
  }
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  body: Buffer,
  options: PlainRequestOptions,
): Promise<void> {
  const { headers, socket } = request
  const ip = socket.remoteAddress ?? ''
  const id = requestIdOf(request)
  const asking = { id, ip, headers, socket }
  const all = ['x-request-id', id, 'cache-control', 'no-store', 'x-content-type-options', 'nosniff']
  try {
    const work = () => answerRpc(options, body, asking, response)
    const { content, isGzip, variesByCoding } = await onBehalfOf(strangerAt(shareAddress(ip)), work)
    // Node would keep the connection for its keep-alive time, and the stop would wait for it.
    if (options.health.isLeaving) all.push('connection', 'close')
    if (variesByCoding) all.push('vary', 'accept-encoding')
    if (isGzip) all.push('content-encoding', 'gzip')
    send(response, content === undefined ? 204 : 200, all, content)
  } catch (error) {
    options.logger.error({ correlationId: id, err: error }, 'a request failed unexpectedly')
    if (response.headersSent) response.destroy()
    else send(response, 500, all, writeResponse(failure(error, id), null))
  }
}

function send(response: ServerResponse, status: number, headers: string[], content?: string | Buffer): void {
  if (content === undefined) {
    response.writeHead(status, headers).end()
    return
  }
  const length = String(Buffer.byteLength(content))
  headers.push('content-type', 'application/json; charset=utf-8', 'content-length', length)
  response.writeHead(status, headers).end(content)
}
