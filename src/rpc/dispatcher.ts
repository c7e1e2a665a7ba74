import jayson from 'jayson'
import type { Refusals } from '../audit/refusal.ts'
import { hasCode, RpcError } from '../errors.ts'
import type { Logger } from '../logger.ts'
import { type Authenticate, invoke } from '../method/invoke.ts'
import type { Method, RequestContext } from '../method/method.ts'
import { type Metrics, unknownMethod } from '../metrics.ts'
import type { Follow } from '../permission/live-caller.ts'
import { failure, type Outcome, success } from './outcome.ts'
import type { CleanRequest } from './request.ts'

/** Runs one request to its end; never rejects. */
export type Dispatch = (request: CleanRequest, context: RequestContext) => Promise<Outcome>

export interface DispatcherOptions {
  readonly methods: readonly Method[]
  readonly authenticate: Authenticate
  readonly follow?: Follow
  readonly refusals?: Refusals | undefined
  readonly logger: Logger
  readonly metrics: Metrics
}

/**
 * The only access to jayson. It sees one valid request at a time, under an id that it can represent, and gets
 * every outcome as data: an error thrown by a handler would end the process, and an error with a code would
 * reach the client unfiltered.
 */
export function createDispatcher(options: DispatcherOptions): Dispatch {
  const { methods, metrics, logger } = options
  const handlers = new Map(methods.map(method => [method.name, handlerOf(method, options)]))
  if (handlers.size < methods.length) throw new TypeError('two methods have the same name')
  // jayson takes undefined for "no such method", which its types leave out; a Map has no inherited names.
  const server = new jayson.Server({}, { router: name => handlers.get(name) as jayson.Method })
  const isTold = logger.isLevelEnabled('debug')
  return async (request, context) => {
    const started = performance.now()
    const outcome = await callJayson(server, request, context)
    const label = handlers.has(request.method) ? request.method : unknownMethod
    const milliseconds = performance.now() - started
    metrics.countRequest(label, outcome.code, milliseconds / 1000)
    // The parameters stay out: they hold credentials and what clients record.
    if (isTold) {
      const { correlationId } = context
      logger.debug({ correlationId, method: label, code: outcome.code, milliseconds }, 'answered')
    }
    return outcome
  }
}

function callJayson(
  server: jayson.Server,
  { method, params }: CleanRequest,
  context: RequestContext,
): Promise<Outcome> {
  return new Promise(resolve => {
    server.call({ jsonrpc: '2.0', method, params, id: 1 }, context, (_error, response) => {
      resolve(response === undefined ? methodNotFound(context) : response.result)
    })
  })
}

function methodNotFound({ correlationId }: RequestContext): Outcome {
  const error = new RpcError('method_not_found', 'Method not found')
  return failure(error, correlationId)
}

function handlerOf(method: Method, options: DispatcherOptions): jayson.Method {
  const handler: jayson.MethodHandlerContext = (params, context, callback) => {
    settle(method, params, context as RequestContext, options).then(outcome => callback(null, outcome))
  }
  return new jayson.Method(handler, { useContext: true })
}

async function settle(
  method: Method,
  params: unknown,
  context: RequestContext,
  { authenticate, follow, refusals, logger }: DispatcherOptions,
): Promise<Outcome> {
  try {
    return success(await invoke(method, params, context, authenticate, { follow, refusals }))
  } catch (error) {
    logFault(logger, error, { method: method.name, correlationId: context.correlationId })
    return failure(error, context.correlationId)
  }
}

/** Only our own faults: what a client did wrong is in its answer. */
export function logFault(
  logger: Logger,
  error: unknown,
  where: { method: string; correlationId: string },
): void {
  if (!(error instanceof RpcError)) logger.error({ ...where, err: error }, 'a method failed unexpectedly')
  else if (error.cause !== undefined || hasCode(error, 'database_error')) {
    logger.warn({ ...where, reason: error.data.reason, err: error }, 'a method failed')
  }
}
