import { isUtf8 } from 'node:buffer'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Refusals } from '../audit/refusal.ts'
import { type FoundRoute, restParams } from '../compat/rest/route.ts'
import { RpcError } from '../errors.ts'
import type { AnswerMemory } from '../fairness/answer-memory.ts'
import { checkJson, parseJson, stringifyJson } from '../json.ts'
import type { Logger } from '../logger.ts'
import { type Authenticate, invoke } from '../method/invoke.ts'
import type { Method } from '../method/method.ts'
import { SentParams } from '../method/sent-params.ts'
import type { Metrics } from '../metrics.ts'
import { logFault } from '../rpc/dispatcher.ts'
import { contextOf, credentialOf } from '../rpc/request-context.ts'
import { answerOn } from './answer-on.ts'
import { refuse, sendFault } from './http-refusal.ts'
import type { Asked } from './route.ts'

export interface CompatCallDeps {
  readonly answers: AnswerMemory
  readonly authenticate: Authenticate
  readonly refusals?: Refusals | undefined
  readonly logger: Logger
  readonly metrics: Pick<Metrics, 'countRequest'>
  readonly limits: {
    readonly maxDepth: number
    readonly maxBodyBytes: number
    readonly maxAnswerBytes: number
  }
}

/** Answers a GET or a POST through the method of its route. Never rejects. */
export async function answerCall(
  asked: Asked,
  found: FoundRoute,
  deps: CompatCallDeps,
): Promise<FastifyReply> {
  const { request, reply } = asked
  const { route } = found
  const { errors } = route
  const isPost = request.method === 'POST'
  // Fastify calls no parser for an empty body without a content type.
  if (isPost && !Buffer.isBuffer(request.body)) return refuse(reply, 'unsupported_media_type', errors)
  const method = isPost ? route.post : route.get
  const started = performance.now()
  const authenticate: Authenticate = async credential => {
    const identity = await deps.authenticate(credential)
    asked.isKnown = true
    return identity
  }
  const count = (status: number): void => {
    const milliseconds = performance.now() - started
    deps.metrics.countRequest(method.name, status === 200 ? undefined : status, milliseconds / 1000)
    deps.logger.debug({ correlationId: request.id, method: method.name, status, milliseconds }, 'answered')
  }
  try {
    const answering = answerOn(reply.raw, deps.answers)
    const text = await answering.during(() => callMethod(request, found, method, { ...deps, authenticate }))
    count(200)
    return reply.type(errors.contentType).send(text)
  } catch (error) {
    logFault(deps.logger, error, { method: method.name, correlationId: request.id })
    sendFault(reply, error, { isKnown: asked.isKnown, form: errors })
    count(reply.statusCode)
    return reply
  }
}

/** The JSON text of the answer, in UTF-8. */
async function callMethod(
  request: FastifyRequest,
  found: FoundRoute,
  method: Method,
  { authenticate, refusals, limits }: CompatCallDeps,
): Promise<Buffer> {
  const inUrl = restParams(found, request.url)
  const params = Buffer.isBuffer(request.body) ? new RestParams(inUrl, request.body, limits.maxDepth) : inUrl
  const context = { ...contextOf(request), bearer: credentialOf(request) }
  const result = await invoke(method, params, context, authenticate, { refusals })
  const text = Buffer.from(stringifyJson(result))
  if (text.length <= limits.maxAnswerBytes) return text
  throw new RpcError('answer_too_large', 'the answer is too large; ask for fewer events')
}

/** The credential comes in a header, so that the body is not read before its sender is known. */
class RestParams extends SentParams {
  readonly rough: object
  readonly #body: Buffer
  readonly #maxDepth: number

  constructor(inUrl: object, body: Buffer, maxDepth: number) {
    super()
    this.rough = inUrl
    this.#body = body
    this.#maxDepth = maxDepth
  }

  settle(): object {
    return { ...this.rough, body: readBody(this.#body, this.#maxDepth) }
  }
}

function readBody(bytes: Buffer, maxDepth: number): unknown {
  const text = bytes.toString()
  let body: unknown
  try {
    if (!isUtf8(bytes)) throw new SyntaxError('not valid UTF-8')
    body = parseJson(text)
  } catch {
    throw new RpcError('invalid_json', 'the body is not valid JSON')
  }
  // The extra level makes the paths of faults begin with `body`.
  checkJson({ body }, text, maxDepth + 1)
  return body
}
