import type { IncomingMessage } from 'node:http'
import fastifyWebsocket from '@fastify/websocket'
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify'
import type { AnswerMemory } from '../fairness/answer-memory.ts'
import { onBehalfOf, strangerAt } from '../fairness/behalf.ts'
import { addressMatcher, shareAddress } from '../ip-address.ts'
import type { Logger } from '../logger.ts'
import type { Endpoint } from '../rpc/endpoint.ts'
import { contextOf, requestIdOf } from '../rpc/request-context.ts'
import type { CompatRoutes } from './compat-routes.ts'
import { varyByCoding } from './compression.ts'
import { type Connections, watchConnections } from './connections.ts'
import { addConsoleRoute, toConsole, wantsPage } from './console-route.ts'
import { refusalReasonOf, refuse, sendError } from './http-refusal.ts'
import { readJsonBodies } from './json-body.ts'
import { createOriginRules, type OriginSettings } from './origin.ts'
import { addOriginGuard } from './origin-guard.ts'
import { takePlainRequests } from './plain-request.ts'
import { answerRpc } from './rpc-answer.ts'
import { addStatusRoutes, healthPaths, type StatusOptions } from './status-routes.ts'
import type { WebSockets } from './websocket.ts'
import type { ReadWhole } from './whole-body.ts'

/**
 * The paths that take JSON-RPC, by POST and by WebSocket; `/nodeget/rpc` is where NodeGet's clients look,
 * some with a slash.
 */
export const rpcPaths: readonly string[] = ['/', '/rpc', '/rpc/', '/nodeget/rpc', '/nodeget/rpc/']

export interface HttpSettings extends OriginSettings {
  /** Bytes of a body or of a WebSocket message. */
  readonly maxBodyBytes: number
  readonly maxConnections: number
  /** Of one address; undefined: half of all. */
  readonly maxConnectionsPerAddress: number | undefined
  /** Addresses and ranges whose `X-Forwarded-*` headers are believed. */
  readonly trustedProxies: readonly string[]
  /** How long a connection without a request is kept, in milliseconds. */
  readonly keepAliveMs: number
  /** Whether the web console is served. */
  readonly console: 'on' | 'off'
}

export interface HttpOptions extends StatusOptions {
  readonly settings: HttpSettings
  readonly endpoint: Endpoint
  readonly webSockets: WebSockets
  readonly compatRoutes: CompatRoutes
  readonly answers: AnswerMemory
  readonly readWhole: ReadWhole
  readonly logger: Logger
  /** Where the console's files are. */
  readonly consoleFolder: string
}

/**
 * The HTTP server, not yet listening. A JSON-RPC answer is HTTP 200, an error's too; notifications alone get
 * 204.
 */
export async function createHttpServer(options: HttpOptions): Promise<FastifyInstance> {
  const { settings, logger, compatRoutes, health } = options
  const app = fastify({
    logger: false,
    genReqId: requestIdOf,
    // No route has a schema of Fastify's: what compiles them takes a tenth of a start to load.
    schemaController: { compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas } },
    trustProxy: settings.trustedProxies.length > 0 && [...settings.trustedProxies],
    connectionTimeout: 120_000,
    keepAliveTimeout: settings.keepAliveMs,
    requestTimeout: 60_000,
    http: { headersTimeout: 10_000, connectionsCheckingInterval: 2_500, shouldUpgradeCallback: isWebSocket },
    // While the server stops, connections that are open still get answers.
    return503OnClosing: false,
    frameworkErrors(_error, request, reply) {
      // No hook has seen it.
      reply.headers(headersOfAll(request.id))
      return void (compatRoutes.refuseUrl(reply) ?? refuse(reply, 'no_such_path'))
    },
  })
  const connections = shareConnections(app, options)
  // Comes first: its hooks close the socket of an upgrade that a later one refuses.
  await app.register(fastifyWebsocket, {
    options: { maxPayload: settings.maxBodyBytes },
    // startServer drains the connections.
    preClose: done => done(),
    errorHandler: (error, socket) => {
      logger.debug({ err: error }, 'a WebSocket failed')
      socket.terminate()
    },
  })
  app.addHook('onRequest', (request, reply, done) => {
    reply.headers(headersOfAll(request.id))
    if (health.isLeaving) reply.header('connection', 'close')
    if (!isAdmitted(request, reply, connections)) return void refuse(reply, 'too_many_connections')
    onBehalfOf(strangerAt(shareAddress(request.ip)), done)
  })
  const origins = createOriginRules(settings)
  addOriginGuard(app, origins)
  addErrorAnswers(app, logger)
  addRpcRoutes(app, options)
  addStatusRoutes(app, options)
  if (settings.console === 'on') addConsoleRoute(app, { health, folder: options.consoleFolder })
  compatRoutes.register(app)
  takePlainRequests(app, {
    ...options,
    paths: rpcPaths,
    maxBodyBytes: settings.maxBodyBytes,
    hasProxies: settings.trustedProxies.length > 0,
    origins,
    connections,
  })
  return app
}

function noSchemas(): never {
  throw new TypeError('parameters are parsed by methods, not by schemas of routes')
}

function shareConnections(app: FastifyInstance, { settings, metrics }: HttpOptions): Connections {
  const { maxConnections, trustedProxies } = settings
  const connections = watchConnections(app.server, {
    maxConnections,
    maxConnectionsPerAddress: settings.maxConnectionsPerAddress ?? Math.ceil(maxConnections / 2),
    isProxy: addressMatcher(trustedProxies),
    onRefused: reason => metrics.countCutOff('connection', reason),
  })
  metrics.watch('connections', () => connections.open)
  return connections
}

/** Whether a request is served: its connection is within the limits, or it only asks how the server is. */
function isAdmitted(request: FastifyRequest, reply: FastifyReply, connections: Connections): boolean {
  const { socket } = request.raw
  const isHealth = healthPaths.includes(pathOf(request.url))
  if (connections.overflowOf(socket) !== undefined) {
    connections.keep(socket)
    reply.header('connection', 'close')
    return isHealth
  }
  // What a proxy brings is counted by whom it brings it for.
  if (isHealth || request.ip === socket.remoteAddress) return true
  const release = connections.admit(shareAddress(request.ip))
  if (release === undefined) return false
  if (request.ws) socket.once('close', release)
  else reply.raw.once('close', release)
  return true
}

/**
 * Every answer is of its moment and its caller, and is what it says it is. The answer of a script may say
 * otherwise of the first.
 */
function headersOfAll(requestId: string): Readonly<Record<string, string>> {
  return { 'x-request-id': requestId, 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' }
}

/**
 * What else asks for an upgrade is answered as a plain request: some clients offer HTTP/2 with each
 * (`Upgrade: h2c`).
 */
function isWebSocket({ method, headers, url = '' }: IncomingMessage): boolean {
  return method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket' && rpcPaths.includes(pathOf(url))
}

function pathOf(url: string): string {
  return url.split('?', 1)[0] ?? ''
}

function addRpcRoutes(
  app: FastifyInstance,
  { settings, webSockets, health, readWhole, ...rpc }: HttpOptions,
): void {
  const post = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    // Fastify asks no parser about an empty body without a content type.
    if (!Buffer.isBuffer(request.body)) return refuse(reply, 'unsupported_media_type')
    const { content, isGzip, variesByCoding } = await answerRpc(rpc, request.body, request, reply.raw)
    // Node would keep the connection for its keep-alive time, and the stop would wait for it.
    if (health.isLeaving) reply.header('connection', 'close')
    if (variesByCoding) varyByCoding(reply)
    if (isGzip) reply.header('content-encoding', 'gzip')
    return content === undefined ? reply.code(204).send() : reply.type('application/json').send(content)
  }
  readJsonBodies(app, ['application/json', 'application/json-rpc'], readWhole, settings.maxBodyBytes)
  for (const url of rpcPaths) {
    app.post(url, post)
    app.route({
      method: 'GET',
      url,
      handler(request, reply) {
        const leads = settings.console === 'on' && url === '/' && wantsPage(request.headers.accept)
        return leads ? toConsole(reply) : notAllowed(reply, 'POST')
      },
      wsHandler: (socket, request) => webSockets.accept(socket, contextOf(request), request.raw.socket),
    })
  }
}

function addErrorAnswers(app: FastifyInstance, logger: Logger): void {
  app.setNotFoundHandler((request, reply) => {
    const path = pathOf(request.url)
    if (rpcPaths.includes(path)) return notAllowed(reply, 'POST')
    return refuse(reply, 'no_such_path')
  })
  app.setErrorHandler(async (error, request, reply) => {
    const reason = refusalReasonOf(error)
    if (reason !== undefined) return refuse(reply, reason)
    logger.error({ correlationId: request.id, err: error }, 'a request failed unexpectedly')
    return sendError(reply, 500, error)
  })
}

function notAllowed(reply: FastifyReply, allow: string): FastifyReply {
  return refuse(reply.header('allow', allow), 'method_not_allowed')
}
