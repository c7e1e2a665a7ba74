import type { ServerResponse } from 'node:http'
import type { AnswerMemory } from '../fairness/answer-memory.ts'
import type { JsonText } from '../json.ts'
import type { Endpoint } from '../rpc/endpoint.ts'
import { contextOf, type RequestHead } from '../rpc/request-context.ts'
import { answerOn } from './answer-on.ts'
import { accepts } from './compression.ts'
import { gzipAround } from './gzip-around.ts'

export interface RpcDeps {
  readonly endpoint: Endpoint
  readonly answers: AnswerMemory
}

/** What goes out for a body of JSON-RPC. */
export interface RpcAnswer {
  /** Undefined: nothing but notifications came. */
  readonly content: string | Buffer | undefined
  readonly isGzip: boolean
  /** Whether another `Accept-Encoding` might have had another answer. */
  readonly variesByCoding: boolean
}

// Node would measure a long text first and encode it after that, each in a pass of its own.
const largeText = 64 * 1024

/** Answers a whole body that came by HTTP; `raw` is where the answer goes. */
export async function answerRpc(
  { endpoint, answers }: RpcDeps,
  body: Buffer,
  asking: RequestHead,
  raw: ServerResponse,
): Promise<RpcAnswer> {
  let shared: JsonText | undefined
  const context = contextOf(asking, text => {
    shared = text
  })
  const answer = await answerOn(raw, answers).during(() => endpoint.answer(body, context))
  const isLarge = typeof answer === 'string' && answer.length > largeText
  const plain = { content: isLarge ? Buffer.from(answer) : answer, isGzip: false, variesByCoding: false }
  if (answer === undefined || shared === undefined) return plain
  const compressed = accepts(asking.headers['accept-encoding'], 'gzip')
    ? await gzipAround(answer.toString(), shared)
    : undefined
  return { content: compressed ?? plain.content, isGzip: compressed !== undefined, variesByCoding: true }
}
