import type { FastifyContextConfig, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Refusals } from '../audit/refusal.ts'
import { RpcError, retrySoon } from '../errors.ts'
import { shareAddress } from '../ip-address.ts'
import type { Identity } from '../permission/grant.ts'
import type { Health } from './health.ts'
import { refuse, sendFault } from './http-refusal.ts'

/** A request of a route, while it is answered. */
export interface Asked {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  /** Whether the caller's credential holds: what they may not do is 403 then, and 401 before. */
  isKnown: boolean
  /** Who that is; absent: nobody, or it is told elsewhere. */
  caller?: Identity
}

/** A path of plain HTTP, beside those of JSON-RPC. */
export interface Route {
  /** As Fastify writes it: `/export/:resource`. */
  readonly url: string
  /**
   * All others are answered with 405. `any`: those that a web page can send, and nothing is said of others.
   */
  readonly methods: readonly string[] | 'any'
  readonly config?: FastifyContextConfig
  /** Whether it may take long: none begins while the server stops. */
  readonly isLong?: boolean
  answer(asked: Asked): Promise<FastifyReply>
  /**
   * Answers an error that `answer` threw; absent: as a JSON-RPC error. What it throws is logged as our own
   * fault.
   */
  fault?(error: unknown, asked: Asked): FastifyReply
  /** Told of what is denied; absent: the method that answers tells it. */
  readonly refusals?: Refusals | undefined
}

const anyMethod = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

/** Serves all plain HTTP routes. */
export function addRoute(
  app: FastifyInstance,
  health: Pick<Health, 'isLeaving' | 'isStopping'>,
  { url, methods, config = {}, isLong = false, answer, fault = answerFault, refusals }: Route,
): void {
  const taken = methods === 'any' ? anyMethod : methods
  app.route({
    method: [...taken],
    url,
    exposeHeadRoute: false,
    config,
    async handler(request, reply) {
      if (health.isLeaving) reply.header('connection', 'close')
      if (isLong && health.isStopping) return refuse(reply, 'stopping')
      const asked: Asked = { request, reply, isKnown: false }
      try {
        return await answer(asked)
      } catch (error) {
        const { caller } = asked
        const address = shareAddress(request.ip)
        refusals?.note({ method: url, isAudited: false, caller, address }, error)
        return fault(error, asked)
      }
    },
  })
  if (methods === 'any') return
  app.route({
    method: app.supportedMethods.filter(method => !taken.includes(method)),
    url,
    handler: (_request, reply) => refuse(reply.header('allow', taken.join(', ')), 'method_not_allowed'),
  })
}

function answerFault(error: unknown, { reply, isKnown }: Asked): FastifyReply {
  if (!(error instanceof RpcError)) throw error
  return sendFault(reply, error, { isKnown })
}

/** Bounds the answers that are open at once on this server, in all and of one owner. */
export function createOpenAnswers(
  reason: 'too_many_streams' | 'too_many_exports',
  max: number,
  maxOfOwner = max,
) {
  /** Whose answers are under way. */
  const open: (string | undefined)[] = []

  function tooMany(most: number): RpcError {
    const message = `At most ${most} ${reason.replace('too_many_', '')} may be open at once`
    return new RpcError(reason, message, { ...retrySoon, max: most })
  }

  return {
    /** Counts one until it is over, however it ends. Throws RpcError 110 where there are too many. */
    add(reply: FastifyReply, owner?: string): void {
      if (open.length >= max) throw tooMany(max)
      if (open.filter(each => each === owner).length >= maxOfOwner) throw tooMany(maxOfOwner)
      open.push(owner)
      reply.raw.once('close', () => open.splice(open.indexOf(owner), 1))
    },
  }
}

export type OpenAnswers = ReturnType<typeof createOpenAnswers>
