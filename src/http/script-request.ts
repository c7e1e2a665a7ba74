import { isUtf8 } from 'node:buffer'
import type { FastifyRequest } from 'fastify'
import { isTicket, parseCredential } from '../permission/credential.ts'

/** An HTTP request as a script gets it. */
export interface ScriptRequest {
  readonly method: string
  /** The whole URL, without the credentials in it. */
  readonly url: string
  /** What follows the route name, with its leading slash, encoded as it was sent. */
  readonly path: string
  /** A list where a name was given more than once. */
  readonly query: Readonly<Record<string, string | readonly string[]>>
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** Null when there is none, or when it is not text. */
  readonly body: string | null
  /** The body when it is not text. */
  readonly body_base64?: string
}

/**
 * Scripts may not learn the credentials in these, whether they are ours or another program's on this host.
 */
const withheldHeaders = new Set(['authorization', 'x-auth-token', 'cookie', 'proxy-authorization'])

/** NodeGet's name for the caller's address; only this server sets it. */
const addressHeader = 'ng-connecting-ip'

/** Members of a query in which a credential of ours may come. */
const credentialMembers = new Set(['token', 'ticket'])

/** Undefined when no record can keep the URL. `path`: what follows the route name. */
export function scriptRequest(request: FastifyRequest, path: string): ScriptRequest | undefined {
  const at = request.url.indexOf('?')
  const query = [...new URLSearchParams(at === -1 ? '' : request.url.slice(at))].filter(
    ([name, value]) => !credentialMembers.has(name) || !isCredential(value),
  )
  if (query.flat().some(text => text.includes('\u0000'))) return undefined
  const search = new URLSearchParams(query).toString()
  const place = `${request.protocol}://${request.host}${request.url.split('?', 1)[0]}`
  return {
    method: request.method,
    url: search === '' ? place : `${place}?${search}`,
    path: path || '/',
    query: gathered(query),
    headers: headersOf(request),
    ...bodyOf(request.body),
  }
}

/** Whether a text could be a credential of ours. A script's own tokens seldom have that shape. */
function isCredential(text: string): boolean {
  try {
    return parseCredential(text) !== undefined
  } catch {
    return isTicket(text)
  }
}

function gathered(pairs: readonly [string, string][]): ScriptRequest['query'] {
  const lists = Map.groupBy(pairs, ([name]) => name)
  const members = [...lists].map(([name, list]): [string, string | string[]] => {
    const values = list.map(([, value]) => value)
    return [name, values.length === 1 ? String(values[0]) : values]
  })
  return Object.fromEntries(members)
}

/** Whether the Authorization header is meant for us. */
export function hasBearer({ headers }: FastifyRequest): boolean {
  return /^bearer(?: |$)/i.test(headers.authorization ?? '')
}

function headersOf(request: FastifyRequest): ScriptRequest['headers'] {
  const { headers } = request
  const all = Object.entries(headers).map(([name, value]) => [name, [value ?? ''].flat().join(', ')] as const)
  const shown = all.filter(([name]) => !withheldHeaders.has(name) && name !== addressHeader)
  return { ...Object.fromEntries(shown), [addressHeader]: request.ip }
}

function bodyOf(body: unknown): Pick<ScriptRequest, 'body' | 'body_base64'> {
  if (!Buffer.isBuffer(body) || body.length === 0) return { body: null }
  // A NUL cannot be kept in the record of the run.
  const isText = isUtf8(body) && !body.includes(0)
  return isText ? { body: body.toString() } : { body: null, body_base64: body.toString('base64') }
}
