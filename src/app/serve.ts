import { Server, type Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import type { FastifyInstance } from 'fastify'
import { pause } from '../async/pause.ts'
import { within } from '../async/within.ts'
import type { Refusals } from '../audit/refusal.ts'
import type { RestRoute } from '../compat/rest/route.ts'
import type { Config } from '../config.ts'
import { createAnswerMemory } from '../fairness/answer-memory.ts'
import { type CompatRoutes, createCompatRoutes } from '../http/compat-routes.ts'
import { addExportRoute, type ExportRouteDeps } from '../http/export-route.ts'
import { createHealth, type Health, type HealthProbes } from '../http/health.ts'
import { createRateLimit } from '../http/rate-limit.ts'
import { createHttpServer } from '../http/server.ts'
import { addStreamRoute, type StreamRouteDeps } from '../http/stream-route.ts'
import { createUnfinishedBodies } from '../http/unfinished-bodies.ts'
import { createWebSockets, type WebSockets } from '../http/websocket.ts'
import { createBodyReader } from '../http/whole-body.ts'
import { addWorkerRoute, type WorkerRouteDeps } from '../http/worker-route.ts'
import type { Logger } from '../logger.ts'
import type { Authenticate } from '../method/invoke.ts'
import type { Method } from '../method/method.ts'
import type { Metrics } from '../metrics.ts'
import { type Follow, followUnwatched } from '../permission/live-caller.ts'
import { createDispatcher } from '../rpc/dispatcher.ts'
import { createEndpoint, type Endpoint } from '../rpc/endpoint.ts'
import type { Hub } from '../stream/hub.ts'

export interface ServerOptions {
  readonly config: Config
  readonly methods: readonly Method[]
  readonly authenticate: Authenticate
  /** Notices when a right ends; absent: rights are only checked before each answer. */
  readonly follow?: Follow
  /** Told of what is denied; absent: nobody is. */
  readonly refusals?: Refusals
  /** Runs the scripts of worker routes; absent: no such routes. */
  readonly workerRoute?: Pick<WorkerRouteDeps, 'database' | 'scripts'>
  /** Other systems' REST surfaces; absent: none are served. */
  readonly restRoutes?: readonly RestRoute[]
  /** What is streamed; absent: nothing. */
  readonly stream?: Pick<StreamRouteDeps, 'hub' | 'database' | 'tickets' | 'maxConditions' | 'maxStreams'>
  /** What is exported; absent: nothing. */
  readonly exports?: Pick<ExportRouteDeps, 'records'>
  /** What readiness depends on. */
  readonly probes: HealthProbes
  /** The OpenRPC document. */
  readonly openrpc: () => Promise<unknown>
  readonly logger: Logger
  readonly metrics: Metrics
  /** Where the files of the web console are; absent: where the build puts them. */
  readonly consoleFolder?: string
}

const builtConsole = fileURLToPath(new URL('../../dist/console/', import.meta.url))

export interface RunningServer {
  /** Where it listens, e.g. `http://127.0.0.1:7411`. */
  readonly url: string
  /**
   * Takes no new connections, since another process on the same port does, and closes open ones after their
   * next answer. Resolves once all are closed, or the remaining ones are idle.
   */
  retire(): Promise<void>
  /**
   * Reports not ready, takes no new connections, finishes running requests (`drainMs` at most) and closes the
   * rest.
   */
  close(): Promise<void>
}

/** Serves `methods` over HTTP and WebSocket. Rejects when the address cannot be listened on. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { config, logger, metrics } = options
  const health = createHealth(options.probes)
  const oncePerBatch = new Set(options.methods.filter(each => each.isOncePerBatch).map(each => each.name))
  const endpoint = createEndpoint({
    dispatch: createDispatcher(options),
    limits: config,
    metrics,
    isOncePerBatch: name => oncePerBatch.has(name),
  })
  const { openrpc, authenticate, refusals, follow = followUnwatched, restRoutes: routes = [] } = options
  const { unfinished, readWhole, answers } = createBudgets(options)
  const webSockets = createWebSockets({
    endpoint,
    answers,
    logger,
    follow: bearer => follow(() => authenticate(bearer)),
    unfinished,
    onCutOff: reason => metrics.countCutOff('websocket', reason),
  })
  const compatRoutes = createCompatRoutes({
    routes,
    answers,
    readWhole,
    authenticate,
    refusals,
    health,
    logger,
    metrics,
    limits: config,
  })
  const app = await createHttpServer({
    settings: config,
    endpoint,
    webSockets,
    compatRoutes,
    answers,
    readWhole,
    health,
    metrics,
    logger,
    openrpc,
    consoleFolder: options.consoleFolder ?? builtConsole,
  })
  const { workerRoute, stream, exports } = options
  app.addHook('onClose', async () => unfinished.close())
  if (workerRoute !== undefined) {
    const rate = createRateLimit({ perSecond: config.routeRate, burst: config.routeRate * 2 })
    addWorkerRoute(app, { ...workerRoute, readWhole, authenticate, refusals, health, rate, metrics })
  }
  const { maxDepth } = config
  if (stream !== undefined) addStreamRoute(app, { ...stream, authenticate, refusals, health, maxDepth })
  if (exports !== undefined) {
    addExportRoute(app, { ...exports, authenticate, refusals, health, logger, maxDepth })
  }
  const parts = {
    hub: stream?.hub,
    app,
    health,
    endpoint,
    compatRoutes,
    webSockets,
    sockets: trackSockets(app.server),
  }
  let stopped: Promise<void> | undefined
  const close = (): Promise<void> => {
    stopped ??= stop(parts, config.drainMs)
    return stopped
  }
  try {
    await app.listen({ host: config.host, port: config.port })
  } catch (error) {
    await close()
    throw error
  }
  return { url: urlOf(app, config.host), retire: () => retire(parts, config.drainMs), close }
}

/** Memory limits of incomplete bodies and of unread answers. */
function createBudgets({ config, metrics }: ServerOptions) {
  const unfinished = createUnfinishedBodies(config)
  const readWhole = createBodyReader({
    maxBodyBytes: config.maxBodyBytes,
    unfinished,
    onGivenUp: reason => metrics.countCutOff('body', reason),
  })
  metrics.watch('unfinishedBytes', () => unfinished.bytes)
  const answers = createAnswerMemory({
    bytes: config.maxUnreadBytes,
    onCut: () => metrics.countCutOff('answer', 'unread'),
  })
  metrics.watch('answerBytes', () => answers.bytes)
  return { unfinished, readWhole, answers }
}

interface Parts {
  readonly hub: Hub | undefined
  readonly app: FastifyInstance
  readonly health: Health
  readonly endpoint: Endpoint
  readonly compatRoutes: CompatRoutes
  readonly webSockets: WebSockets
  readonly sockets: ReadonlySet<Socket>
}

/** A client that asks less often must cope with a closed idle connection, as it must anyway. */
const idleMs = 5000

async function retire({ app, health, webSockets, sockets }: Parts, drainMs: number): Promise<void> {
  health.retire()
  // An HTTP server's own `close` closes idle connections as well, on which a request may be on its way.
  Server.prototype.close.call(app.server)
  webSockets.drain()
  const patience = Math.min(idleMs, drainMs)
  const began = performance.now()
  while (sockets.size > 0 && performance.now() - began < patience) await pause(20)
}

async function stop(
  { hub, app, health, endpoint, compatRoutes, webSockets, sockets }: Parts,
  drainMs: number,
): Promise<void> {
  health.stop()
  await hub?.close()
  webSockets.drain()
  const closed = app.close()
  // A request continues after its client hangs up: closed connections do not mean that all work is done.
  await within(drainMs, Promise.all([closed, endpoint.idle(), compatRoutes.idle()]))
  webSockets.close()
  for (const socket of sockets) socket.destroy()
  await closed
}

/** The sockets that are open, upgraded ones included, which Node's closeAllConnections leaves out. */
function trackSockets(server: Server): ReadonlySet<Socket> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  return sockets
}

function urlOf(app: FastifyInstance, host: string): string {
  const address = app.server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const isWildcard = host === '0.0.0.0' || host === '::'
  const name = isWildcard ? '127.0.0.1' : host
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`
}
