import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Runner } from '../database/database.ts'
import { type ErrorData, errorCodes, type Reason, RpcError } from '../errors.ts'
import { shareAddress } from '../ip-address.ts'
import type { ScriptCall, ScriptEnd, ScriptRunner } from '../js-worker/run.ts'
import { findRouteWorker } from '../js-worker/store.ts'
import type { Authenticate } from '../method/invoke.ts'
import type { Metrics } from '../metrics.ts'
import type { Identity } from '../permission/grant.ts'
import { isRefusal } from '../permission/live-caller.ts'
import { contextOf } from '../rpc/request-context.ts'
import type { Health } from './health.ts'
import { refuse, sayWhenAgain } from './http-refusal.ts'
import type { RateLimit } from './rate-limit.ts'
import { scriptAnswer } from './script-answer.ts'
import { recordedRequest } from './script-record.ts'
import { hasBearer, type ScriptRequest, scriptRequest } from './script-request.ts'
import type { ReadWhole } from './whole-body.ts'

export interface WorkerRouteDeps {
  readonly database: Runner
  readonly runner: ScriptRunner
  readonly authenticate: Authenticate
  readonly health: Pick<Health, 'isLeaving'>
  readonly readWhole: ReadWhole
  /** By address. */
  readonly rate: RateLimit
  readonly metrics: Pick<Metrics, 'countRouteRefusal'>
}

/** Ours, and where NodeGet's programs look. */
const prefixes = ['/worker-route/', '/nodeget/worker-route/']
const place = /^(?:\/nodeget)?\/worker-route\/([^/?]*)([^?]*)/
const routeName = /^[A-Za-z0-9._-]{1,128}$/
const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']
/** Before the connection is given up for being silent. */
const timeoutMs = 100_000

/**
 * `ANY /worker-route/{route_name}/*` (and `/nodeget/worker-route/…`) runs onRoute of the worker that has this route name.
 * Public on purpose, for web pages of any origin, too: without a credential the script acts with its owner's rights alone, with one with those that both
 * have.
 */
export function addWorkerRoute(app: FastifyInstance, deps: WorkerRouteDeps): void {
  app.register(async scope => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', deps.readWhole)
    // What a script answers must not act on this origin as a page.
    scope.addHook('onRequest', (request, reply, done) => {
      reply.headers({ 'x-content-type-options': 'nosniff', 'content-security-policy': 'sandbox' })
      // Before anything is read or looked up.
      const waitMs = deps.rate.take(shareAddress(request.ip))
      if (waitMs === 0) return done()
      const reason: Reason = 'too_many_requests'
      deps.metrics.countRouteRefusal(reason)
      sendError(sayWhenAgain(reply, { reason, retryable: true, retry_after_ms: waitMs }), 429, reason)
    })
    for (const prefix of prefixes) {
      scope.route({
        method: methods,
        // A named parameter would be cut off at a hundred characters.
        url: `${prefix}*`,
        exposeHeadRoute: false,
        config: { openToOrigins: true },
        handler: (request, reply) => {
          if (deps.health.isLeaving) reply.header('connection', 'close')
          return answer(request, reply, deps).catch(error => sendFault(reply, error))
        },
      })
    }
  })
}

async function answer(
  request: FastifyRequest,
  reply: FastifyReply,
  deps: WorkerRouteDeps,
): Promise<FastifyReply> {
  const [, name = '', path = ''] = place.exec(request.url) ?? []
  const worker = routeName.test(name) ? await findRouteWorker(deps.database, name) : undefined
  if (worker === undefined) return refuse(reply, 'no_such_path')
  const asked = scriptRequest(request, path)
  if (asked === undefined) return sendError(reply, 400, 'bad_url')
  const caller = await callerOf(request, deps)
  if (caller === 'unknown') return sendRefused(reply)
  const { bearer, hungUp } = contextOf(request)
  const by = caller && { caller, callerNow: () => deps.authenticate(bearer) }
  const end = await run(worker, asked, { ...by, ...(hungUp && { signal: hungUp }) }, deps)
  // What was found in somebody's name is not for those whose right has ended meanwhile.
  return (await callerOf(request, deps)) === 'unknown' ? sendRefused(reply) : sendEnd(reply, end)
}

async function callerOf(
  request: FastifyRequest,
  { authenticate }: WorkerRouteDeps,
): Promise<Identity | undefined | 'unknown'> {
  const { bearer } = contextOf(request)
  if (bearer === undefined) return hasBearer(request) ? 'unknown' : undefined
  try {
    return await authenticate(bearer)
  } catch (error) {
    if (isRefusal(error)) return 'unknown'
    throw error
  }
}

async function run(
  worker: string,
  asked: ScriptRequest,
  by: Partial<Pick<ScriptCall, 'caller' | 'callerNow' | 'signal'>>,
  { runner }: WorkerRouteDeps,
): Promise<ScriptEnd> {
  const { caller } = by
  const started = await runner.start({
    worker,
    entry: 'onRoute',
    runType: 'route',
    params: asked,
    recorded: recordedRequest(asked),
    caller,
    ...by,
    context: { caller: caller === undefined ? null : { token_key: caller.tokenKey } },
    timeoutMs,
  })
  return started.done
}

function sendRefused(reply: FastifyReply): FastifyReply {
  return sendError(reply.header('www-authenticate', 'Bearer'), 401, 'credential_refused')
}

function sendEnd(reply: FastifyReply, { id, outcome }: ScriptEnd): FastifyReply {
  if (outcome.kind === 'returned') {
    const { status, headers, body } = scriptAnswer(outcome.result)
    return reply.code(status).headers(headers).send(body)
  }
  const { reason } = outcome
  if (reason === 'sandbox_busy') return sendBusy(reply, { reason }, { id })
  if (reason === 'script_timeout') return sendError(reply, 504, reason, { id })
  return sendError(reply, 500, 'script_error', { id })
}

/** Another attempt may find room. */
function sendBusy(reply: FastifyReply, data: ErrorData, more?: object): FastifyReply {
  return sendError(sayWhenAgain(reply, { ...data, retryable: true }), 503, data.reason, more)
}

function sendFault(reply: FastifyReply, error: unknown): FastifyReply {
  if (!(error instanceof RpcError)) throw error
  const { reason } = error.data
  // Deleted between being found and being run.
  if (reason === 'js_worker_not_found') return refuse(reply, 'no_such_path')
  // Its owner's token has ended, so that it may do nothing any more.
  if (isRefusal(error)) return sendError(reply, 403, 'permission_denied')
  if (error.code === errorCodes.busy || error.data.retryable === true) return sendBusy(reply, error.data)
  throw error
}

function sendError(reply: FastifyReply, status: number, error: Reason, more: object = {}): FastifyReply {
  return reply
    .code(status)
    .type('application/json')
    .send(JSON.stringify({ error, ...more }))
}
