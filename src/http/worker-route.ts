import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Refusals } from '../audit/refusal.ts'
import type { Runner } from '../database/database.ts'
import { type ErrorDetail, hasCode, hasReason, type Reason, RpcError } from '../errors.ts'
import { shareAddress } from '../ip-address.ts'
import { findRouteWorker } from '../js-worker/directory.ts'
import type { ScriptCall, ScriptEnd } from '../js-worker/run.ts'
import type { Scripts } from '../js-worker/scripts.ts'
import type { Authenticate } from '../method/invoke.ts'
import type { Metrics } from '../metrics.ts'
import type { Identity } from '../permission/grant.ts'
import { isRefusal } from '../permission/live-caller.ts'
import { contextOf } from '../rpc/request-context.ts'
import type { Health } from './health.ts'
import { type ErrorForm, refuse, sendError } from './http-refusal.ts'
import type { RateLimit } from './rate-limit.ts'
import { type Asked, addRoute } from './route.ts'
import { scriptAnswer } from './script-answer.ts'
import { recordedRequest } from './script-record.ts'
import { hasBearer, type ScriptRequest, scriptRequest } from './script-request.ts'
import type { ReadWhole } from './whole-body.ts'

export interface WorkerRouteDeps {
  readonly database: Runner
  readonly scripts: Scripts
  readonly authenticate: Authenticate
  readonly refusals?: Refusals | undefined
  readonly health: Pick<Health, 'isLeaving' | 'isStopping'>
  readonly readWhole: ReadWhole
  /** By address. */
  readonly rate: RateLimit
  readonly metrics: Pick<Metrics, 'countRouteRefusal'>
}

/** Our own, and the one that NodeGet's programs use. */
const prefixes = ['/worker-route/', '/nodeget/worker-route/']
const place = /^(?:\/nodeget)?\/worker-route\/([^/?]*)([^?]*)/
const routeName = /^[A-Za-z0-9._-]{1,128}$/
/** Shorter than the time after which a silent connection is closed. */
const timeoutMs = 100_000

/**
 * `ANY /worker-route/{route_name}/*` (and `/nodeget/worker-route/…`) runs onRoute of the worker that has this
 * route name. Public on purpose, also for web pages of any origin. Without a credential the script has its
 * owner's rights; with one, the rights that the owner and the caller share.
 */
export function addWorkerRoute(app: FastifyInstance, deps: WorkerRouteDeps): void {
  app.register(async scope => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', deps.readWhole)
    // A script's answer must not act as a page of this origin.
    scope.addHook('onRequest', (request, reply, done) => {
      reply.headers({ 'x-content-type-options': 'nosniff', 'content-security-policy': 'sandbox' })
      // Runs before any read or look-up.
      const waitMs = deps.rate.take(shareAddress(request.ip))
      if (waitMs === 0) return done()
      deps.metrics.countRouteRefusal('too_many_requests')
      sendReason(reply, 429, 'too_many_requests', { retryable: true, retry_after_ms: waitMs })
    })
    for (const prefix of prefixes) {
      addRoute(scope, deps.health, {
        // A named parameter would be cut off at a hundred characters.
        url: `${prefix}*`,
        methods: 'any',
        config: { openToOrigins: true },
        answer: ({ request, reply }) => answer(request, reply, deps),
        fault: answerFault,
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
  if (asked === undefined) return sendReason(reply, 400, 'bad_url')
  const caller = await callerOf(request, deps)
  if (caller === 'unknown') return sendReason(reply, 401, 'credential_refused')
  const { bearer, hungUp } = contextOf(request)
  const by = caller && { caller, callerNow: () => deps.authenticate(bearer) }
  const end = await run(worker, asked, { ...by, ...(hungUp && { signal: hungUp }) }, deps)
  // The answer was made with the caller's rights, which may have ended in the meantime.
  const isRefused = (await callerOf(request, deps)) === 'unknown'
  return isRefused ? sendReason(reply, 401, 'credential_refused') : sendEnd(reply, end)
}

async function callerOf(
  request: FastifyRequest,
  { authenticate, refusals }: WorkerRouteDeps,
): Promise<Identity | undefined | 'unknown'> {
  const { bearer } = contextOf(request)
  if (bearer === undefined) return hasBearer(request) ? 'unknown' : undefined
  try {
    return await authenticate(bearer)
  } catch (error) {
    if (!isRefusal(error)) throw error
    const address = shareAddress(request.ip)
    refusals?.note({ method: '/worker-route/', isAudited: false, caller: undefined, address }, error)
    return 'unknown'
  }
}

async function run(
  worker: string,
  asked: ScriptRequest,
  by: Partial<Pick<ScriptCall, 'caller' | 'callerNow' | 'signal'>>,
  { scripts }: WorkerRouteDeps,
): Promise<ScriptEnd> {
  const { caller } = by
  const started = await scripts.start({
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

function sendEnd(reply: FastifyReply, { id, outcome }: ScriptEnd): FastifyReply {
  if (outcome.kind === 'returned') {
    const { status, headers, body } = scriptAnswer(outcome.result)
    return reply.code(status).headers(headers).send(body)
  }
  const { reason } = outcome
  if (reason === 'sandbox_busy') return sendReason(reply, 503, reason, { id, retryable: true })
  if (reason === 'script_timeout') return sendReason(reply, 504, reason, { id })
  return sendReason(reply, 500, 'script_error', { id })
}

function answerFault(error: unknown, { reply }: Asked): FastifyReply {
  // Deleted between being found and being run.
  if (hasReason(error, 'js_worker_not_found')) return refuse(reply, 'no_such_path')
  // Its owner's token has ended, so the script has no rights left.
  if (isRefusal(error)) return sendReason(reply, 403, 'permission_denied')
  if (!(error instanceof RpcError)) throw error
  const { reason, ...detail } = error.data
  if (!hasCode(error, 'busy') && detail.retryable !== true) throw error
  // Another attempt may find room.
  return sendReason(reply, 503, reason, { ...detail, retryable: true })
}

/** A script's route tells only the reason, and the id of the run if there was one. */
const asReason: ErrorForm = {
  contentType: 'application/json',
  textOf: error => {
    const { reason, id } =
      error instanceof RpcError ? error.data : { reason: 'internal_error', id: undefined }
    return JSON.stringify({ error: reason, id })
  },
}

function sendReason(reply: FastifyReply, status: number, reason: Reason, detail?: ErrorDetail): FastifyReply {
  return sendError(reply, status, new RpcError(reason, reason, detail), asReason)
}
