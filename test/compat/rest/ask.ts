import { expect } from 'vitest'
import { secrets } from '../../wire/support/app.ts'
import { type Received, type Sent, send, type Wire } from '../../wire/support/wire.ts'

export interface RestAsked extends Omit<Sent, 'body'> {
  /** Null: none at all. Default: the super token. */
  readonly token?: string | null
  /** A text or bytes as they are; anything else as JSON. */
  readonly body?: unknown
}

export interface RestAnswer extends Received {
  /** The parsed body. */
  // biome-ignore lint/suspicious/noExplicitAny: what a client reads
  readonly json: any
}

/** One REST request with `X-Auth-Token`. */
export async function askRest(wire: Wire, path: string, asked: RestAsked = {}): Promise<RestAnswer> {
  const { token = secrets.root, body, headers, ...rest } = asked
  const auth = token === null ? {} : { 'x-auth-token': token }
  const method = body === undefined ? 'GET' : 'POST'
  const answer = await send(wire.app.url, {
    method,
    ...rest,
    path,
    headers: { ...auth, ...headers },
    ...(body !== undefined && { body: textOf(body) }),
  })
  return { ...answer, json: answer.body === '' ? undefined : JSON.parse(answer.body) }
}

/** Matches a text that begins so. */
export function startsWith(text: string): unknown {
  return expect.stringMatching(new RegExp(`^${text.replaceAll(/[.[\]]/g, '\\$&')}`))
}

function textOf(body: unknown): string | Buffer {
  return typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body)
}
