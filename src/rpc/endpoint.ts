import { createRunning } from '../async/running.ts'
import { RpcError } from '../errors.ts'
import type { RequestContext } from '../method/method.ts'
import { type Metrics, unknownMethod } from '../metrics.ts'
import { answerBatch, type BatchLimits } from './batch.ts'
import { type BodyLimits, readBody, refuseRepeated } from './body.ts'
import type { Dispatch } from './dispatcher.ts'
import { failure, type Outcome, writeAnswer } from './outcome.ts'
import type { Entry, Refusal } from './request.ts'
import { createTurns } from './turns.ts'

export interface EndpointLimits extends BodyLimits, BatchLimits {
  /** Bytes of the answer to one request. */
  readonly maxAnswerBytes: number
  /** Bytes of large bodies that may wait for their turn to be parsed; absent: any. */
  readonly maxUnfinishedBytes?: number
}

export interface EndpointOptions {
  readonly dispatch: Dispatch
  readonly limits: EndpointLimits
  readonly metrics: Metrics
  /** The methods that a batch may call once. */
  readonly isOncePerBatch?: (method: string) => boolean
}

/** JSON text, or its bytes in UTF-8. */
export type Written = string | Buffer

/** Where JSON-RPC text comes in and its answer goes out, whatever carries it. */
export interface Endpoint {
  /** The answer's text, or its bytes; undefined when nothing but notifications came. Never rejects. */
  answer(body: Buffer | string, context: RequestContext): Promise<Written | undefined>
  /** Resolves as soon as no request is running. */
  idle(): Promise<void>
}

/** Beyond this many bytes, parsing or writing a text takes milliseconds. */
const large = 64 * 1024

export function createEndpoint({
  dispatch,
  limits,
  metrics,
  isOncePerBatch = () => false,
}: EndpointOptions): Endpoint {
  const running = createRunning()
  const turns = createTurns(
    limits.maxUnfinishedBytes === undefined ? {} : { maxBytes: limits.maxUnfinishedBytes },
  )

  const run = async (entry: Entry, context: RequestContext): Promise<Outcome> => {
    const outcome = 'refused' in entry ? refuse(entry, context) : await dispatch(entry, context)
    return exceedsBytes(outcome.text, limits.maxAnswerBytes) ? answerTooLarge(context) : outcome
  }

  const refuse = ({ refused }: Refusal, { correlationId }: RequestContext): Outcome => {
    metrics.countRequest(unknownMethod, refused.code, 0)
    return failure(refused, correlationId)
  }

  const answer = async (bytes: Buffer | string, context: RequestContext): Promise<Written | undefined> => {
    if (bytes.length > large) {
      const refused = await turns.next(context.address, bytes.length).catch(error => error)
      if (refused instanceof RpcError)
        return answerSingle({ refused, id: null }, refuse({ refused, id: null }, context))
    }
    const body = readBody(bytes, limits)
    if ('single' in body) return answerSingle(body.single, await run(body.single, context))
    const { correlationId } = context
    const entries = refuseRepeated(body.batch, isOncePerBatch)
    return answerBatch({ entries, limits, correlationId, run: entry => run(entry, context) })
  }

  return {
    idle: () => running.idle(),
    async answer(bytes, context) {
      running.start()
      try {
        const text = await answer(bytes, context)
        // Whoever carries it writes it at once.
        if (text !== undefined && text.length > large) await turns.next(context.address)
        return text
      } finally {
        running.end()
      }
    },
  }
}

function answerSingle({ id }: Entry, outcome: Outcome): Written | undefined {
  return id === undefined ? undefined : writeAnswer(outcome, id)
}

function exceedsBytes(text: Written, limit: number): boolean {
  if (text.length > limit || typeof text !== 'string') return text.length > limit
  // A UTF-16 unit takes at most three bytes in UTF-8, so that most answers need no counting.
  return text.length * 3 > limit && Buffer.byteLength(text) > limit
}

function answerTooLarge({ correlationId }: RequestContext): Outcome {
  const message = 'the answer is too large; ask for fewer rows'
  return failure(new RpcError('answer_too_large', message, { started: true }), correlationId)
}
