import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { createRunning } from '../async/running.ts'
import { createOwnerFinder, createRouteFinder, type RestRoute } from '../compat/rest.ts'
import { answerCall, type DialectCallDeps } from './compat-call.ts'
import { sendError, sendFault, sendRefusal } from './compat-refusal.ts'
import type { Health } from './health.ts'
import { refusalReasonOf, refuse } from './http-refusal.ts'
import { readJsonBodies } from './json-body.ts'
import type { ReadWhole } from './whole-body.ts'

export interface DialectRouteDeps extends DialectCallDeps {
  readonly routes: readonly RestRoute[]
  readonly readWhole: ReadWhole
  readonly health: Pick<Health, 'isLeaving'>
}

/** The paths of other programs' REST surfaces, each with errors of its own shape. */
export interface DialectRoutes {
  /** Serves them; all are below `/v1` and `/v2`. */
  register(app: FastifyInstance): void
  /** Answers a URL that cannot be decoded when it is one of theirs; else undefined. */
  refuseUrl(reply: FastifyReply): FastifyReply | undefined
  /** Resolves as soon as no request is running. */
  idle(): Promise<void>
}

export function createDialectRoutes(deps: DialectRouteDeps): DialectRoutes {
  const { health, logger } = deps
  const find = createRouteFinder(deps.routes)
  const ownerOf = createOwnerFinder(deps.routes)
  const running = createRunning()

  async function answer(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const found = find(request.url)
    if (found === undefined) return refuseUnknown(reply)
    running.start()
    try {
      return await answerCall(request, reply, found, deps)
    } finally {
      running.end()
    }
  }

  /** What is no path of theirs is told in the shape that its clients can read. */
  function refuseUnknown(reply: FastifyReply): FastifyReply {
    const owner = ownerOf(reply.request.url)
    return owner === undefined ? refuse(reply, 'no_such_path') : sendRefusal(reply, owner, 'no_such_path')
  }

  // Before a body is read: whatever it is, the path or the method is wrong already.
  function prepare(request: FastifyRequest, reply: FastifyReply, done: () => void): void {
    if (health.isLeaving) reply.header('connection', 'close')
    const route = find(request.url)?.route
    if (route === undefined) refuseUnknown(reply)
    else if (request.method === 'GET' || request.method === 'POST') done()
    else sendRefusal(reply.header('allow', 'GET, POST'), route, 'method_not_allowed')
  }

  async function answerError(
    error: unknown,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<FastifyReply> {
    const route = find(request.url)?.route
    const reason = refusalReasonOf(error)
    // The server's own handler is next.
    if (route === undefined) throw error
    if (reason !== undefined) return sendRefusal(reply, route, reason)
    logger.error({ correlationId: request.id, err: error }, 'a request failed unexpectedly')
    return sendFault(reply, route, error, true)
  }

  return {
    idle: () => running.idle(),
    refuseUrl(reply) {
      const route = find(reply.request.url)?.route
      if (route !== undefined) return sendError(reply, route, 400, 'the path is no percent-encoded UTF-8')
      return ownerOf(reply.request.url) && refuseUnknown(reply)
    },
    register(app) {
      const serve = async (scope: FastifyInstance): Promise<void> => {
        readJsonBodies(scope, ['application/json'], deps.readWhole, deps.limits.maxBodyBytes)
        scope.addHook('onRequest', prepare)
        scope.setErrorHandler(answerError)
        // Comes also for methods that no route takes.
        scope.setNotFoundHandler((_request, reply) => refuseUnknown(reply))
        scope.route({ method: ['GET', 'POST'], url: '/*', exposeHeadRoute: false, handler: answer })
      }
      for (const prefix of ['/v1', '/v2']) app.register(serve, { prefix })
    },
  }
}
