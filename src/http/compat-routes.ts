import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { createRunning } from '../async/running.ts'
import { createOwnerFinder, createRouteFinder, type RestRoute } from '../compat/rest/route.ts'
import { invalidParams } from '../errors.ts'
import { answerCall, type CompatCallDeps } from './compat-call.ts'
import type { Health } from './health.ts'
import { refusalReasonOf, refuse, sendError, sendFault } from './http-refusal.ts'
import { readJsonBodies } from './json-body.ts'
import { type Asked, addRoute } from './route.ts'
import type { ReadWhole } from './whole-body.ts'

export interface CompatRouteDeps extends CompatCallDeps {
  readonly routes: readonly RestRoute[]
  readonly readWhole: ReadWhole
  readonly health: Pick<Health, 'isLeaving' | 'isStopping'>
}

/** The paths of other systems' REST surfaces, each with its own form of errors. */
export interface CompatRoutes {
  /** Serves them; all are below `/v1` and `/v2`. */
  register(app: FastifyInstance): void
  /** Answers a URL that cannot be decoded when it is one of theirs; else undefined. */
  refuseUrl(reply: FastifyReply): FastifyReply | undefined
  /** Resolves as soon as no request is running. */
  idle(): Promise<void>
}

export function createCompatRoutes(deps: CompatRouteDeps): CompatRoutes {
  const { logger } = deps
  const find = createRouteFinder(deps.routes)
  const ownerOf = createOwnerFinder(deps.routes)
  const running = createRunning()

  async function answer(asked: Asked): Promise<FastifyReply> {
    const found = find(asked.request.url)
    if (found === undefined) return refuseUnknown(asked.reply)
    return running.track(answerCall(asked, found, deps))
  }

  /** An unknown path is answered in the form that its clients can read. */
  function refuseUnknown(reply: FastifyReply): FastifyReply {
    return refuse(reply, 'no_such_path', ownerOf(reply.request.url)?.errors)
  }

  // Runs before the body is read: a wrong path or method makes it useless.
  function prepare(request: FastifyRequest, reply: FastifyReply, done: () => void): void {
    const route = find(request.url)?.route
    if (route === undefined) refuseUnknown(reply)
    else if (request.method === 'GET' || request.method === 'POST') done()
    else refuse(reply.header('allow', 'GET, POST'), 'method_not_allowed', route.errors)
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
    if (reason !== undefined) return refuse(reply, reason, route.errors)
    logger.error({ correlationId: request.id, err: error }, 'a request failed unexpectedly')
    return sendFault(reply, error, { isKnown: true, form: route.errors })
  }

  return {
    idle: () => running.idle(),
    refuseUrl(reply) {
      const route = find(reply.request.url)?.route
      if (route !== undefined) {
        const error = invalidParams('', 'the path is not percent-encoded UTF-8', 'bad_encoding')
        return sendError(reply, 400, error, route.errors)
      }
      return ownerOf(reply.request.url) && refuseUnknown(reply)
    },
    register(app) {
      const serve = async (scope: FastifyInstance): Promise<void> => {
        readJsonBodies(scope, ['application/json'], deps.readWhole, deps.limits.maxBodyBytes)
        scope.addHook('onRequest', prepare)
        scope.setErrorHandler(answerError)
        // Also called for methods that no route takes.
        scope.setNotFoundHandler((_request, reply) => refuseUnknown(reply))
        addRoute(scope, deps.health, { url: '/*', methods: ['GET', 'POST'], answer })
      }
      for (const prefix of ['/v1', '/v2']) app.register(serve, { prefix })
    },
  }
}
